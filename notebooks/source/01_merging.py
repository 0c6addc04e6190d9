# %% [markdown]
# # 01 · Merging
#
# **Question: are three sources three times the data?**
#
# Lesson 00 ended with a doubt about the three folders. Here you look into it yourself,
# step by step, and end with a merge you can trust. You
# need nothing from lesson 00. The cells run in seconds; leave yourself a quiet half
# hour for the five tasks.
#
# Afterwards you can
#
# - say why a file's fingerprint finds some copies and misses others,
# - find the same image in two files by comparing small grey squares,
# - say what a copy that was cropped or rotated does to that comparison,
# - split files so that neither an image nor a child is on both sides.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
import hashlib
from textwrap import fill

import numpy as np
from PIL import Image

from xraylab import course, data, duplicates, images, plots
from xraylab.course import lesson

here = lesson.start(1)

# %% [markdown]
# ## What is in the folders?
#
# A source is recognised by its structure: split folders with class folders in them.
# Every file is listed, or left out with a reason. Nothing vanishes silently.

# %% alt="Bars: the number of files of each class in each split of the three sources."
files, ignored = data.list_files(here.root)
print(f"{len(files):,} files")
print(ignored["reason"].value_counts().to_string())
_ = plots.plot_counts(files, data_name=here.data_name)

# %% [markdown]
# One of the sources also has a folder of COVID-19 images. They come from other
# hospitals and mostly from adults. A model could learn to tell *where* they come
# from, and look clever. So they stay out.
#
# ### Your turn: the classes of a loader
#
# The label of a file is read from its folder. Someone wrote a loader for paths such as
# `train/NORMAL/a.jpeg` or `val/opacity/b.jpeg`: it numbers the folder names in the
# order of the alphabet. It gives a number for each path, in a list. Normal should be
# 0 and pneumonia 1; *opacity* is what one source calls pneumonia. Mend it.

# %% tags=["starter"]
def number_classes(paths):
    folders = [path.split("/")[0] for path in paths]
    names = sorted(set(folders))
    return [names.index(folder) for folder in folders]

lesson.check("labels from folders", number_classes)

# %% tags=["solution"]
def number_classes(paths):
    folders = [path.split("/")[1] for path in paths]
    return [0 if folder.lower() == "normal" else 1 for folder in folders]

lesson.check("labels from folders", number_classes)

# %% [markdown]
# ## Copies by fingerprint
#
# A **hash** turns the bytes of a file into a short fingerprint. Same bytes, same
# fingerprint. Before you run the cell: how many different fingerprints will the
# three sources have, as a share of all files?

# %%
lesson.guess("share of different fingerprints", None, sure=None)


# %%
def fingerprint(path):
    return hashlib.sha256((here.root / path).read_bytes()).hexdigest()


marked = files.assign(fingerprint=files["path"].map(fingerprint))
n_different = marked["fingerprint"].nunique()
print(f"{len(marked)} files, {n_different} fingerprints")
share = n_different / len(marked)
lesson.keep_truth("share of different fingerprints", share, here.data_name)

# %% [markdown]
# Many files are byte for byte the same. Which sources share fingerprints?

# %%
first, second, third = (
    set(marked.loc[marked["source"] == name, "fingerprint"]) for name in data.SOURCES
)
print("first and second share", len(first & second))
print("first and third share", len(first & third))
for name in here.missing:
    print(f"{name} is not here, so it shares nothing.")

# %% [markdown]
# ### Your turn: what does this show?
#
# The first and the third source share no fingerprint. Which sentence follows from that
# alone?
#
# - **a** The third source is new data.
# - **b** The third source shows other children.
# - **c** No file of the one has the same bytes as a file of the other.
# - **d** Fingerprints do not work.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what fingerprints show", answer)

# %% tags=["solution"]
answer = "c"
lesson.check("what fingerprints show", answer)

# %% [markdown]
# The names of the third source say nothing about children, only a class and a number.
# Let us look at the images.
#
# ## Copies by eye
#
# We take one file of the third source. Among the first 400 files of the first source
# we look for the six that are most like it. How do we measure "like"? Shrink both to
# a small grey square, subtract the mean, multiply them point by point, add up, and
# divide by how much both vary. Images that are bright in the same places get a value
# near 1. This is the **correlation**.


# %%
def correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


left = np.array([[0.0, 1.0], [2.0, 3.0]])
print(round(correlation(left, 10 + 2 * left), 3), round(correlation(left, -left), 3))

# %% [markdown]
# Brighter or with more contrast is still the same image. Now the real question.

# %% alt="Seven simulated chest X-rays in a row: the one asked for, and the six most like it."
first_source, _, third_source = data.SOURCES
in_first = files[files["source"] == first_source].head(400)
in_last = files[files["source"] == here.sources[-1]]
small = {path: images.read_pixels(here.root / path, 32) for path in in_first["path"]}

asked = in_last[in_last["label"] == 0]["path"].iloc[0]
if third_source in here.missing:
    print(f"The third source is not here. The file asked for is of {here.sources[-1]}.")
square = images.read_pixels(here.root / asked, 32).astype(float)
alike = {path: correlation(square, other) for path, other in small.items()}
best = sorted(alike, key=alike.get, reverse=True)[:6]
_ = plots.show_images(
    [here.root / path for path in [asked, *best]],
    titles=["asked", *(f"{alike[path]:.3f}" for path in best)],
    columns=7,
    data_name=here.data_name,
)

# %% [markdown]
# Compare the first two images. Another name, another size, another compression,
# and still the same image: a **near-duplicate**. The others are merely chest X-rays.
# All chests look alike to a small grey square, so even those of two children correlate
# strongly.
#
# ## Copies by the tested helper
#
# `duplicates.find_pairs` does the same for all pairs at once. It must agree with what
# we did by hand.

# %%
squares = np.array([square, *(small[path] for path in best)], dtype=np.float32)
pairs = duplicates.find_pairs(squares, at_least=0.5)
by_helper = pairs[pairs["a"] == 0].sort_values("b")["correlation"].to_numpy()
by_hand = [alike[path] for path in best]
print("both agree:", np.allclose(by_hand, by_helper, atol=1e-4))

# %% [markdown]
# Where should the line be between "same image" and "looks alike"? We do not
# guess it. Below are the correlations of all pairs of some hundreds of normal files, as
# far as they are above 0.8. Files of the same bytes count once. Each line of the grid
# stands for ten times as many as the one below. Look for a gap.

# %% alt="Histogram of the correlations of file pairs: many low ones, a gap, some near 1."
some = files[files["label"] == 0]
some = some.sample(min(800, len(some)), random_state=0)
seen = images.read_thumbnails(some["path"].tolist(), here.root, progress=False)
near = duplicates.find_pairs(seen.squares, at_least=0.8)
_ = plots.plot_similarity(near["correlation"], data_name=here.data_name)

# %% [markdown]
# ### Your turn: draw the line
#
# Choose a correlation from which on two files count as the same image. How many pairs
# does your line let through? And how far is the nearest pair on either side?

# %% tags=["starter"]
limit = None
lesson.check("a line in the gap", limit, near["correlation"])

# %% tags=["solution"]
limit = 0.98
lesson.check("a line in the gap", limit, near["correlation"])

# %% [markdown]
# The package draws its line at `duplicates.SAME`. It was chosen on the real images:
# no two different ones were more alike than 0.975, and no re-encoded copy was less alike
# its original than 0.9994.

# %%
n_same = (near["correlation"] >= duplicates.SAME).sum()
print(f"{duplicates.SAME}: {n_same} of {len(near)} pairs are the same image")

# %% [markdown]
# ## A harder copy
#
# Somebody cuts a little off each side, turns the image by two degrees, and saves
# it again. For you it is the same image. What will the correlation be? Guess
# first.

# %%
lesson.guess("correlation of a cropped copy", None, sure=None)



# %%
def as_square(image):
    return np.asarray(image.resize((48, 48), Image.Resampling.BILINEAR))


with Image.open(here.root / in_first["path"].iloc[0]) as opened:
    original = opened.convert("L")
width, height = original.size
box = (0.05 * width, 0.05 * height, 0.95 * width, 0.95 * height)
changed = original.rotate(2, Image.Resampling.BICUBIC).crop([round(b) for b in box])
one, other = as_square(original), as_square(changed)
found = duplicates.correlate(one, other)
print(f"correlation {found:.2f}, the line is {duplicates.SAME}")
lesson.keep_truth("correlation of a cropped copy", found, here.data_name)

# %% [markdown]
# Far below the line: images of two children are often more alike. Pixel by pixel, the copy is
# another image, because nothing lies where it lay before. So we align one to the other
# first: **registration**. By hand, we try a few sizes and rotations and keep the best.


# %%
def registered(image, zoom, degrees):
    rotated = image.rotate(degrees, Image.Resampling.BICUBIC)
    w, h = (side * (1 - 1 / zoom) / 2 for side in rotated.size)
    return rotated.crop([round(b) for b in (w, h, rotated.width - w, rotated.height - h)])


tries = [(zoom, degrees) for zoom in (1, 1.06, 1.11) for degrees in (-2, 0, 2)]
by_hand = [duplicates.correlate(as_square(registered(original, *t)), other) for t in tries]
print("best:", tries[int(np.argmax(by_hand))], f"{max(by_hand):.2f}")

# %% [markdown]
# The copy is found again, and the best try tells what was done to it. The helper
# tries no fixed list. It follows the slope of the image to where the two fit best,
# and then says how much differs in the place where most differs. Zero is a copy.

# %%
stranger = seen.squares[1]
for name, square_48 in {"changed copy": other, "a stranger": stranger}.items():
    differs = duplicates.compare(square_48[None], one[None])[0]
    print(f"{name:13} differs by {differs:5.2f}, a copy by at most {duplicates.SAME_PLACES}")

# %% [markdown]
# The search has limits, measured on copies that were altered on purpose.

# %%
print(fill(duplicates.LIMITS, 84))

# %% [markdown]
# Why the *worst* place, and not the whole? Two images of one child, taken a minute
# apart, agree nearly everywhere. But the heart has beaten and the child has breathed.
# Those are two images, and they must not be counted as one.
#
# ## The merge
#
# Now everything together, in one table, the **manifest**, with a row for each file.
# Each image gets an `image_id`, and one file of each is kept: the one of the earliest
# source.

# %%
merged = data.merge(here.root, progress=False)
report = merged.report()
for name in ["files", "images", "label_conflicts", "problems"]:
    print(f"{name:16} {report[name]}")
margin = report["margin"]
print("least alike pair taken as the same:    ", margin["least_alike_same"])
print("most alike pair taken as different:    ", margin["most_alike_different"])

# %% [markdown]
# So: **are three sources three times the data?** No. They are the same images
# three times. How sure is the line that we drew? The margin says how near the two
# sides come to it: the least alike pair that was taken as the same, and the most alike
# pair that was taken as different. `None` means that no two different images reach 0.97,
# from where on the merge looks at a pair.
#
# Look at the copies yourself. Choose a kind, and move through the images.

# %% tags=["nbval-ignore-output"]
course.copies_widget(merged, here.data_name)

# %% [markdown]
# Where no widget runs, this cell shows the same for the first two images.

# %% alt="The files of two images side by side; to the eye those of one are the same."
table = course.list_copies(merged)
rows = table[table["image_id"].isin(table["image_id"].unique()[:2])]
if rows.empty:
    print("No image stands in two files here.")
else:
    _ = plots.show_images(
        [here.root / path for path in rows["path"]],
        titles=rows["match"].tolist(),
        data_name=here.data_name,
    )

# %% [markdown]
# There is one more piece of evidence. Somebody noticed that the third source numbers the
# first one's files in the order of their names. We did not use that rule, so we can
# hold it against the pixels.

# %%
if third_source in here.missing:
    print("The rule is about the third source, which is not here.")
rule = report["index_rule"]
print(f"rule and pixels agree for {rule['agree']} files, disagree for {rule['disagree']}")

# %% [markdown]
# ## Who is the same child?
#
# An image shown twice is one problem. Two images of the same child are another:
# the network can recognise the child. The first source's names tell which child it
# is. Run the cell, and look at the last two lines.

# %%
for name in [
    "IM-0115-0001.jpeg",
    "IM-0115-0001-0002.jpeg",
    "person7_bacteria_24.jpeg",
    "person7_virus_29.jpeg",
]:
    print(f"{name:26}", data.read_name(name))

# %% [markdown]
# `person7` is there twice, once with bacteria and once with a virus. Bacterial and
# viral children were counted apart, so these are **two** children. Forget this and
# you will report hundreds of leaks that are none.
#
# Children who share an image are joined. What remains are **groups**: images that may
# not be counted as independent, so no split may cut through one.

# %%
print(report["patients"], "children by name,", report["groups"], "groups")
sizes = merged.manifest[merged.manifest["kept"]].groupby("group_id").size()
n_groups = sizes.value_counts().sort_index().head(8)
print(n_groups.rename_axis("images in the group").to_frame("groups").to_string())

# %% [markdown]
# ## Which images may stand in one split?
#
# The original project put all files in one pot and dealt them at random. What does
# that do to an image that stands in several files?
#
# ### Your turn: how likely is a copy in training?
#
# An image stands in `n_files` files. Each file goes to training with the chance
# `train_share`, whatever happens to the others. One of them went to the test. Write a
# function that gives the chance that at least one of its copies is in training.

# %% tags=["starter"]
def chance_of_copy(n_files, train_share):
    ...

lesson.check("a copy in training", chance_of_copy)

# %% tags=["solution"]
def chance_of_copy(n_files, train_share):
    all_miss = (1 - train_share) ** (n_files - 1)
    return 1 - all_miss

lesson.check("a copy in training", chance_of_copy)

# %% [markdown]
# Now count. Here are four ways to split, from careless to careful. The two shares say
# how many test files show an image, or a child, that training has seen.

# %%
for protocol, meaning in data.PROTOCOLS.items():
    parts = data.describe_split(data.split(merged.manifest, protocol))
    n, test = parts["n_files"], parts.loc["test"]
    print(f"{protocol:13} {meaning}")
    print(f"   {n['train'] / n.sum():.0%} of the files in train, {n['test']} in test:")
    print(f"   image in train {test['image_in_train']:.0%}", end=", ")
    print(f"child in train {test['group_in_train']:.0%}")

# %% [markdown]
# With three sources most images stand in three files. In a cell of your own, give your
# function that, and the share of the first split that is in training. Does it come near
# the count? Expect no exact match: the files are few, and some images stand in more.
#
# In the second split each image stands once. The copies are gone, and the children are
# not.
#
# ### Your turn: split by children
#
# `files` is a table with the columns `path` and `patient_id`, one row per image. Write a
# function that gives back two tables, training and test. About a fifth of the children,
# drawn as you like, should be in the test.

# %% tags=["starter"]
def split_children(files):
    ...

lesson.check("whole children", split_children)

# %% tags=["solution"]
def split_children(files):
    children = files["patient_id"].drop_duplicates()
    drawn = children.sample(frac=0.2)
    is_test = files["patient_id"].isin(drawn)
    return files[~is_test], files[is_test]

lesson.check("whole children", split_children)

# %% [markdown]
# The package checks each split when it is made, and refuses one that breaks what its
# protocol promises. Yours has been checked for whole children.
#
# ## Change one thing
#
# Was it the merging? Take fewer sources, 2 or 1, and split their files at random. How
# far will each of the two shares fall?

# %%
n_sources = 3
taken = merged.manifest["source"].unique()[:n_sources]
files = merged.manifest[merged.manifest["source"].isin(taken)]
test = data.describe_split(data.split(files, "naive-merge")).loc["test"]
print(f"sources: {n_sources}, files: {len(files)}, in test: {test['n_files']:.0f}")
print(f"   image in train {test['image_in_train']:.0%}", end=", ")
print(f"child in train {test['group_in_train']:.0%}")

# %% [markdown]
# ## What you take along
#
# - A fingerprint finds the same bytes. Only pixels find the same image.
# - The limit for "same" belongs in a gap one has seen, not in a guess.
# - A copy may be cropped, rotated or mirrored. Register it before you compare.
# - Copies and children are two different reasons to keep files on one side.
#
# Next: [02 · Audit](02_audit.ipynb) asks what else tells the classes apart.

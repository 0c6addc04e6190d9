# %% [markdown]
# # 02 · Audit
#
# **Question: what else tells the classes apart?**
#
# Lesson 01 left you with images that are each counted once. But a clean merge can
# still hold a **shortcut**: something in the image or its file that gives the class
# away and is not the disease. Often a **confounder** stands behind it, something that
# goes with both the class and the image, such as the ward that took it. A network may
# learn a shortcut instead of the disease, and its score does not tell which.
# So we look for shortcuts first, without any network. You need the words of lesson 01,
# and none of its files. The cells run in about a minute; leave yourself a good half hour
# for the four tasks.
#
# Afterwards you can
#
# - measure how well a single number tells two classes apart, by sorting,
# - read what a file tells before anyone looks at the image,
# - probe an image without its lungs, and say what the right baseline is,
# - audit a whole folder with one call, and read what it found.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
from textwrap import fill

import numpy as np
import pandas as pd

from xraylab import audit, data, evaluation, images, plots, results
from xraylab.course import lesson

here = lesson.start(2)

# %% [markdown]
# ## The images of this lesson
#
# We need only the first source, since the others copy it. The published test stays
# aside. From the rest we take equally many of both classes. Then the **baseline**, what
# is reached without the image, is 0.50.


# %%
def first_source(root):
    files, _ = data.list_files(root)
    return files[files["source"] == next(iter(data.SOURCES))]


def both_classes(files, at_most=500):
    n_each = min(at_most, files["label"].value_counts().min())
    return files.groupby("label").sample(n_each, random_state=0)


first = first_source(here.root)
is_test = first["published_split"] == "test"
train = both_classes(first[~is_test])
print(f"{len(train)} images of {train['patient_id'].nunique()} children")

# %% [markdown]
# ## One number, by sorting
#
# Every file has a size in bytes. What could that say about a lung? Take two files
# at random, a normal one and one with pneumonia. How often will the size tell you
# which is which? Half the time would mean: it says nothing.

# %%
lesson.guess("file size AUROC", None, sure=None)

# %% [markdown]
# First some practice with another number, which looks even more harmless: the
# **aspect**, width divided by height. (Where your files have hardly more than one shape,
# we take bits per pixel.) Let us sort a few files by it and write one letter each: `N`
# for normal, `P` for pneumonia. If it said nothing, the letters would be well mixed.

# %%
facts = audit.file_facts(first, here.root)
number = "aspect" if facts["aspect"].nunique() > 40 else "bits_per_pixel"
few = facts.loc[train.index, [number]].assign(label=train["label"])
few = few.drop_duplicates(number).groupby("label").head(10)
ordered = few.sort_values(number)["label"].to_numpy()
print(f"{number}: low", "".join("NP"[label] for label in ordered), "high")

# %% [markdown]
# Now count. Walk from low to high. Each `P` beats every `N` that you have already
# passed. The share of pairs that are won is called **AUROC**, the *area under the ROC
# curve* (lesson 05 draws it): the chance that a random image with pneumonia has a higher
# value than a random normal one. It is 1 when all `P` come last, 0 when they all come
# first, and 0.5, chance level, when the letters are mixed.

# %%
passed, won = 0, 0
for label in ordered:
    if label == 1:
        won += passed
    else:
        passed += 1
n_pairs = passed * (ordered == 1).sum()
share = won / n_pairs
print(f"{share:.2f} of {n_pairs} pairs, from {len(few)} files, baseline 0.50")

# %% [markdown]
# Here no two values are equal, since equal ones were left out. Widths and heights often
# are.
#
# ### Your turn: ties
#
# Write a function that gives the AUROC of any numbers, in any order: the share of pairs
# in which the pneumonia has the higher value. A pair with equal values is half won.
# `values` and `labels` are arrays of the same length; 1 is pneumonia.

# %% tags=["starter"]
def auroc(values, labels):
    ...

lesson.check("AUROC with ties", auroc)

# %% tags=["solution"]
def auroc(values, labels):
    normal = values[labels == 0]
    won = [(p > normal) + 0.5 * (p == normal) for p in values[labels == 1]]
    return np.mean(won)

lesson.check("AUROC with ties", auroc)

# %% [markdown]
# A 0 tells as much as a 1, just the other way round. The package therefore gives the
# better of the two, and says which class has the higher values. Does it agree with
# the count? So few files are only for practice.

# %%
by_package = audit.one_feature_auroc(few[number], few["label"])
print(f"{by_package.auroc:.2f}, high means {by_package.high_means}")
print("both agree:", np.isclose(max(share, 1 - share), by_package.auroc))

# %% [markdown]
# ## What the files tell
#
# A file tells more: its width and height, its size in bytes, and for a JPEG how
# coarsely it was saved. None of this needs a look at the image. Here are the medians of
# each class.

# %%
names = ["width", "height", "aspect", "bytes", "bits_per_pixel", "table_sum"]
facts.loc[train.index, names].groupby(train["label"]).median().round(2)

# %% [markdown]
# `table_sum` belongs to the JPEG: the higher, the coarser it was saved. Now each of
# these by its AUROC, on the training files and on the published test.
#
# A figure from few images may be luck. So each comes with its 95 % confidence interval,
# and with the number of groups behind it: images of one child are not independent.
# Lesson 05 makes such an interval by hand.


# %%
def with_interval(scores, labels, groups):
    answers = {"label": labels, "score": scores, "group_id": groups}
    return evaluation.measure(pd.DataFrame(answers), "AUROC")


def by_number(values, files, high_means):
    scores = values.rank(pct=True)  # the order is all that counts
    scores = scores if high_means == "pneumonia" else 1 - scores
    return with_interval(scores, files["label"], files["patient_id"])


told = {}
for name in names:
    way = audit.one_feature_auroc(facts.loc[train.index, name], train["label"])
    for part, files in {"train": train, "test": first[is_test]}.items():
        found = by_number(facts.loc[files.index, name], files, way.high_means)
        print(f"{name:15} {part:5} {found}, baseline 0.50")
        told[name, part] = found
lesson.keep_truth("file size AUROC", told["bytes", "train"], here.data_name)

# %% [markdown]
# The direction was chosen on the training files, so on the test a figure may fall
# below one half: there the direction is the other one. None of these facts is about
# lungs.
#
# Let us make a rule of the size, as a bad model would. The threshold lies halfway
# between the medians of the classes, chosen on the training images alone.

# %%
medians = train.groupby("label")["bytes"].median()
for name, part in {"training": train, "test": both_classes(first[is_test])}.items():
    calls = (part["bytes"] > medians.mean()) == (medians[1] > medians[0])
    right = evaluation.share_interval(calls == part["label"], part["patient_id"])
    print(f"{name:9} accuracy {right}, baseline 0.50")

# %% [markdown]
# Does the test figure surprise you, after the AUROC? The AUROC depends only on the
# order of the files. A rule needs a threshold too, and a threshold from one set of
# files may lie on the wrong side in another. Lesson 05 comes back to this.
#
# ### Your turn: children, not files
#
# A child with ten files has ten votes in these figures; only the interval knows better.
# Write a function that gives the accuracy in which each child has the same weight.
# `right` says of each file whether the call was right, `children` whose file it is.

# %% tags=["starter"]
def accuracy_by_child(right, children):
    ...

lesson.check("each child once", accuracy_by_child)

# %% tags=["solution"]
def accuracy_by_child(right, children):
    of_each = [right[children == child].mean() for child in set(children)]
    return np.mean(of_each)

lesson.check("each child once", accuracy_by_child)

# %% [markdown]
# A network never sees the size of a file. So is all this harmless? No. A coarse JPEG
# leaves small blocks in the image. And networks want squares: what becomes of an image
# that is wider than high?
#
# ### Your turn: a mistake to mend
#
# This function says how large to draw an image in a square of `side` pixels. In one
# class the images are wider than in the other, and it passes that on to the ribs. Mend
# it. It gives width and height in whole pixels; the image should fill the square as far
# as it can, and what stays free will be black.

# %% tags=["starter"]
def new_size(width, height, side):
    return side, side

lesson.check("a shape that stays", new_size)

# %% tags=["solution"]
def new_size(width, height, side):
    scale = side / max(width, height)
    return round(width * scale), round(height * scale)

lesson.check("a shape that stays", new_size)

# %% [markdown]
# So part of what a file tells can be in the pixels too.
#
# ## An image without lungs
#
# How much has come through? We hide the lungs. Only a thin ring along the border
# stays: arms, shoulders, air, perhaps a letter that somebody put there.


# %% alt="Six simulated X-rays of which only a thin ring along the border is left."
def read_squares(files, root):
    return np.array([images.read_pixels(root / path, 32) for path in files["path"]])


squares = read_squares(train, here.root)
rings = audit.hide_lungs(squares, ring_px=3)
shown = [0, 1, 2, len(train) - 3, len(train) - 2, len(train) - 1]
_ = plots.show_images(
    rings[shown],
    titles=["normal"] * 3 + ["pneumonia"] * 3,
    data_name=here.data_name,
)

# %% [markdown]
# Would you dare a diagnosis from these? A linear model tries: it weighs each pixel and
# adds up. A small model that sees one suspected shortcut and nothing else is called a
# **probe**. It is scored under **cross-validation**: the images are cut into five
# folds, and each fold is scored by a model that was fitted on the other four. All
# images of a child are in one fold. What AUROC will it reach?

# %%
lesson.guess("ring probe AUROC", None, sure=None)


# %%
def probe_auroc(features, labels, files):
    scores = audit.probe(features, labels, files["patient_id"])
    return with_interval(scores, labels, files["patient_id"])


ring_auroc = probe_auroc(rings, train["label"], train)
lesson.keep_truth("ring probe AUROC", ring_auroc, here.data_name)
print(f"ring only    {ring_auroc}, baseline 0.50")
print(f"whole image  {probe_auroc(squares, train['label'], train)}, baseline 0.50")

# %% [markdown]
# ## What does chance reach?
#
# A probe with so many pixels might find something by chance alone. We need a
# control, where we know that there is nothing to find. Give each child the class of
# another child (a permutation test), and ask again, a few times.

# %%
children = train.groupby("patient_id")["label"].first()
rng = np.random.default_rng(0)
chance = []
for _ in range(8):
    swapped = dict(zip(children.index, rng.permutation(children), strict=True))
    chance.append(probe_auroc(rings, train["patient_id"].map(swapped), train).value)
print(f"ring, permuted: {min(chance):.2f} to {max(chance):.2f}, n = {len(train)} each")

# %% [markdown]
# That is what chance reaches. Where does your ring lie?
#
# For the built-in images there is a better control. We made them, so we can make them
# again with the same children and the same disease, and without the planted shortcuts.
# On real images nobody can.

# %%
if here.is_builtin:
    from xraylab import phantom

    root = phantom.builtin_data(phantom.CLEAN)
    files = first_source(root)
    clean = both_classes(files[files["published_split"] != "test"])
    whole = read_squares(clean, root)
    ring = audit.hide_lungs(whole, ring_px=3)
    print(f"clean ring   {probe_auroc(ring, clean['label'], clean)}, baseline 0.50")
    print(f"clean image  {probe_auroc(whole, clean['label'], clean)}, baseline 0.50")
else:
    print("Real images have no clean twin.")

# %% [markdown]
# Compare with the two lines above. How far does the ring fall without the shortcuts?
# And the whole image? Here only the shortcuts were taken away, so the difference is
# due to them. What is left above chance goes with the disease.
#
# ### Your turn: what does this show?
#
# Suppose you had only this: in another set of images, the ring alone tells the classes
# apart, far above every permuted control. Which sentence follows?
#
# - **a** A network trained on these images looks at their border.
# - **b** The disease cannot be seen in the lungs of these images.
# - **c** The files of the two classes were made differently.
# - **d** The class can be told without seeing the lungs.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what the ring shows", answer)

# %% tags=["solution"]
answer = "d"
lesson.check("what the ring shows", answer)

# %% [markdown]
# ## Is the test like the rest?
#
# If the test were drawn at random from the same images, nobody could tell normal
# training images from normal test images. Can the probe?

# %%
normal = first[first["label"] == 0].assign(in_test=is_test.astype(int))
n_each = min(300, normal["in_test"].value_counts().min())
normal = normal.groupby("in_test").sample(n_each, random_state=0)
edges = audit.hide_lungs(read_squares(normal, here.root), ring_px=3)
found = probe_auroc(edges, normal["in_test"], normal)
print(f"normal, training or test, ring only: {found}, baseline 0.50")

# %% [markdown]
# When this is well above chance, there is a **distribution shift**: the images of the
# test differ from those that were learnt, here in something that is not the disease.
# The probe does not say what. A shortcut that is missing in the test can be one reason,
# among others, why scores drop.
#
# ## All of it, with one call
#
# You have now done by hand what `xraylab audit FOLDER` does for any folder of
# labelled images. It looks for **data leakage** (here an image or a child in several
# splits, so that the test is known in training). Then it takes each image once, and
# runs a probe for everything above. Its baseline is your clean control, made many
# times. How many kinds of finding will there be in the three sources together?

# %%
found = audit.run_audit(here.root, progress=False)
for finding in found.findings:
    mark = "finding" if finding.is_fault else "note   "
    print(mark, finding.name)
print("checks that could not run:", ", ".join(found.not_run["check"]) or "none")

# %% [markdown]
# A finding asks for something, a note is only worth knowing. A check that could not run
# has found nothing, and says nothing. The figure shows the probes: *ring* is the
# border, *corners* where a marker may stand, *intensity* the brightness, *spectrum*
# sharpness and noise, *thumbnail* the coarse image, *aspect* the shape, *file* and
# *header* what the file says of itself. The dot is the measurement with its confidence
# interval, the upright line its baseline, and the triangle the limit where a finding
# begins. The limits are set so that one clean set in twenty has any probe beyond its
# own.

# %% alt="Each probe's AUROC as a dot with its interval, its baseline, and where a finding begins."
ax = plots.plot_probes(found.probes, data_name=here.data_name)

# %% [markdown]
# Find the ring. It is near your own ring's figure, but not equal: the package takes all
# training images, at 24 pixels. Did it cross its limit? And the probes named *test or
# not*: which class has a test that can be told apart?
#
# Each finding also says what it does not show. Read one in full. Its advice follows
# the family of the probe: a border is not mended by saving all files alike.

# %%
told_by = [f for f in found.faults if f.name.startswith("class told by")]
for fault in [*told_by, *found.faults][:1]:
    print(fill(fault.found.splitlines()[0], 84))
    for name, said in {
        "shows": fault.shows,
        "does not show": fault.shows_not,
        "what to do": fault.to_do,
    }.items():
        print(fill(f"{name + ':':14} {said}", 84, subsequent_indent=" " * 15))
if not found.faults:
    print("The audit found nothing in these sources.")

# %% [markdown]
# ## What we found on the real images
#
# The same probes were run on the first source, all its images. These figures come from
# the package's `results`, so they are the same for everybody. What AUROC will the ring
# have on the published test?

# %%
lesson.guess("ring on the real test", None, sure=None)

# %%
name = "real-224px-probes"
real = results.read_result(name)
for feature in ("ring", "corners", "spectrum", "intensity", "thumbnail"):
    for where in ("cross-validated", "test"):
        key = f"class, {feature}, {where}"
        figure = results.read_figure(name, key)
        baseline = real["metrics"][key]["baseline"]
        print(f"{feature:9} {where:15} {figure}, baseline {baseline:.2f}")
ring = results.read_figure(name, "class, ring, test")
lesson.keep_truth("ring on the real test", ring, "real images")

# %% [markdown]
# The baseline was measured on built-in images, where disease may be harder to see. So
# a whole thumbnail above it is no proof of a shortcut. In the ring most of the lungs
# are hidden, and yet it is far above. On the test less is left. Is there a
# distribution shift?

# %%
for label in ("normal", "pneumonia"):
    key = f"test or not, {label}, thumbnail, cross-validated"
    baseline = real["metrics"][key]["baseline"]
    print(f"{label:9} {results.read_figure(name, key)}, baseline {baseline:.2f}")

# %% [markdown]
# And the files? The small images were saved again by others, so their headers tell
# nothing any more. A list of the full-size files remains.

# %%
for fact in ("table_sum", "bits_per_pixel", "bytes", "aspect"):
    key = f"class, {fact} alone, full-size files"
    print(f"{fact:15} {results.read_figure(name, key)}, baseline 0.50")

# %% [markdown]
# No pixel was read for these figures.
#
# ## What this shows, and what it does not
#
# - It shows that the information is there. It does not show that a network
#   uses it. Lesson 06 asks the network itself.
# - A ring may go with the disease. A child with severe pneumonia may be held by
#   somebody, wear cables, be rotated. That can tell the class on real images, without
#   any fault of the files: severity is then the confounder.
# - A probe that finds nothing proves little. A less simple one might find something.
#
# ## Change one thing
#
# The ring was 3 of 32 pixels wide. Make it thinner, 1, or wider, 6. How much of the
# image does the linear model need?

# %%
ring_px = 3
ring = audit.hide_lungs(squares, ring_px=ring_px)
found = probe_auroc(ring, train["label"], train)
print(f"a ring of {ring_px} px: {found}, baseline 0.50")

# %% [markdown]
# ## What you take along
#
# - AUROC is a count: the share of pairs that a number puts in the right order.
# - Look at files before you look at images.
# - A finding needs its baseline: the same measurement where nothing can be found.
# - One call audits a folder; what it means is still yours to say.
#
# Next: [03 · Model](03_model.ipynb) opens the network and computes it by hand.

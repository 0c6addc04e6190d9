# %% [markdown]
# # 02 · Audit
#
# **Question: what else tells the classes apart?**
#
# Lesson 01 left you with images that are each counted once. But a clean merge can
# still hold a shortcut: something that has nothing to do with lungs and yet names
# the class. A network takes the easiest way it finds, and it will not tell you.
# So we look for shortcuts first, without any network.
#
# Afterwards you can
#
# - measure how well a single number tells two classes apart, by sorting,
# - read what a file tells before anyone looks at the image,
# - probe an image without its lungs, and say what the right control is,
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
# aside. From the rest we take equally many of both classes. Then an answer that
# never looks is right half the time, and that is easy to keep in mind.


# %%
def first_source(root):
    files, _ = data.list_files(root)
    return files[files["source"] == data.FIRST]


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
# Let us see it with a few files. We sort them by size and write one letter each:
# `N` for normal, `P` for pneumonia. If size said nothing, the letters would be well
# mixed.

# %%
few = train.drop_duplicates("bytes").groupby("label").sample(10, random_state=1)
ordered = few.sort_values("bytes")["label"].to_numpy()
print("small", "".join("NP"[label] for label in ordered), "large")

# %% [markdown]
# Now count. Walk from small to large. Each `P` beats every `N` that you have already
# passed. The share of pairs that are won is called **AUROC**. It is 1 when all `P`
# come last, 0 when they all come first, and 0.5 when the letters are mixed.

# %%
passed, won = 0, 0
for label in ordered:
    if label == 1:
        won += passed
    else:
        passed += 1
n_pairs = passed * (ordered == 1).sum()
share = won / n_pairs
print(f"{share:.2f} of {n_pairs} pairs, from {len(few)} files, floor 0.50")

# %% [markdown]
# A 0 is as telling as a 1, just the other way round. The helper therefore gives the
# better of the two, and says which class has the higher values. Does it agree with
# your count? So few files are only for practice. All of them follow below.

# %%
by_helper = audit.one_feature_auroc(few["bytes"], few["label"])
print(f"{by_helper.auroc:.2f}, high means {by_helper.high_means}")
print("both agree:", np.isclose(max(share, 1 - share), by_helper.auroc))

# %% [markdown]
# ## What the files tell
#
# A file's header holds more: width, height, colour mode, and for a JPEG how coarsely
# it was saved. None of this needs a look at the image. Here are the middle values
# of each class.

# %%
facts = audit.file_facts(first, here.root)
names = ["width", "height", "aspect", "bytes", "bits_per_pixel", "table_sum"]
facts.loc[train.index, names].groupby(train["label"]).median().round(2)

# %% [markdown]
# `table_sum` belongs to the JPEG: the higher, the coarser it was saved. Which facts
# tell the classes apart, and do they still do so on the published test?
#
# A figure from few images may be luck. So each gets an interval: we draw the
# children again, with repeats, and look how far the figure moves. Lesson 05 does it
# by hand.


# %%
def with_interval(scores, labels, groups):
    answers = {"label": labels, "score": scores, "group_id": groups}
    return evaluation.bootstrap_interval(pd.DataFrame(answers), n_boot=500)


def by_number(values, files, high_means):
    scores = values.rank(pct=True)  # the order is all that counts
    scores = scores if high_means == "pneumonia" else 1 - scores
    return with_interval(scores, files["label"], files["patient_id"])


# %%
told = {}
for name in names:
    way = audit.one_feature_auroc(facts.loc[train.index, name], train["label"])
    for part, files in {"train": train, "test": first[is_test]}.items():
        found = by_number(facts.loc[files.index, name], files, way.high_means)
        print(f"{name:15} {part:5} {found}, floor 0.50")
        told[name, part] = found
lesson.keep_truth("file size AUROC", told["bytes", "train"], here.data_name)

# %% [markdown]
# The direction was chosen on the training files, so on the test a figure may fall
# below one half: the fact has turned round. Some facts may name the class nearly
# alone. Some may help on one side only. None of them is about lungs.
#
# Let us make a rule of the size, as a bad model would. The cut lies in the middle
# between the classes, chosen on the training images alone.

# %%
middle = train.groupby("label")["bytes"].median()
for name, part in {"training": train, "test": both_classes(first[is_test])}.items():
    calls = (part["bytes"] > middle.mean()) == (middle[1] > middle[0])
    n_right = int((calls == part["label"]).sum())
    low, high = evaluation.wilson(n_right, len(part))
    print(
        f"{name:9} {n_right / len(part):.2f} right ({low:.2f} to {high:.2f}), "
        f"n = {len(part)}, floor 0.50"
    )

# %% [markdown]
# Does the test figure surprise you, after the AUROC above? The AUROC asks only for the
# order of the files. A rule needs a cut too, and a cut from one block of files may lie
# on the wrong side in another. Lesson 05 comes back to this.
#
# A network never sees the size of a file. So is all this harmless? No. A wide
# image that is pressed into a square shows a narrow chest. A coarse JPEG leaves
# small blocks in the image. **Part of what a file tells walks through the door
# into the pixels.**
#
# ## An image without lungs
#
# How much has come through? We hide the lungs. Only a thin ring along the border
# stays: arms, shoulders, air, perhaps a letter that somebody put there.


# %%
def read_squares(files, root):
    return np.array([images.read_pixels(root / path, 32) for path in files["path"]])


squares = read_squares(train, here.root)
rings = audit.hide_lungs(squares, ring_px=3)

# %% alt="Six simulated X-rays of which only a thin ring along the border is left."
shown = [0, 1, 2, len(train) - 3, len(train) - 2, len(train) - 1]
_ = plots.show_images(
    rings[shown],
    titles=["normal"] * 3 + ["pneumonia"] * 3,
    data_name=here.data_name,
)

# %% [markdown]
# Would you dare to make a diagnosis from these? We let a very simple model try. It
# weighs each pixel and adds up. Every image is judged by a model that has not seen
# this child. We call it a **probe**. What AUROC will it reach?

# %%
lesson.guess("ring probe AUROC", None, sure=None)


# %%
def probe_auroc(features, labels, files):
    scores = audit.probe(features, labels, files["patient_id"])
    return with_interval(scores, labels, files["patient_id"])


ring_auroc = probe_auroc(rings, train["label"], train)
lesson.keep_truth("ring probe AUROC", ring_auroc, here.data_name)
print(f"ring only     {ring_auroc}, floor 0.50")
print(f"whole image {probe_auroc(squares, train['label'], train)}, floor 0.50")

# %% [markdown]
# ## How much is nothing?
#
# Before we get excited: a probe with so many pixels might find something in pure
# chance. We need a **control**, where we know that there is nothing to find. Give
# each child the class of another child, and ask again, a few times.

# %%
children = train.groupby("patient_id")["label"].first()
rng = np.random.default_rng(0)
chance = []
for _ in range(8):
    swapped = dict(zip(children.index, rng.permutation(children), strict=True))
    chance.append(probe_auroc(rings, train["patient_id"].map(swapped), train).value)
print(f"ring, shuffled: {min(chance):.2f} to {max(chance):.2f}, n = {len(train)} each")

# %% [markdown]
# That is what nothing looks like. It scatters about one half, since images are few.
# A ring far above this range carries real information about the class.
#
# For the built-in images there is a better control. We made them, so we can make
# them again with the same children and the same disease, and **without** the
# shortcuts. On real images nobody can do that, and the cell says so.

# %%
if here.is_builtin:
    from xraylab import phantom

    root = phantom.builtin_data(phantom.CLEAN)
    files = first_source(root)
    clean = both_classes(files[files["published_split"] != "test"])
    whole = read_squares(clean, root)
    ring = audit.hide_lungs(whole, ring_px=3)
    print(f"clean ring    {probe_auroc(ring, clean['label'], clean)}, floor 0.50")
    print(f"clean image {probe_auroc(whole, clean['label'], clean)}, floor 0.50")
else:
    print("Real images have no clean twin.")

# %% [markdown]
# Compare with the two lines above. Without shortcuts the ring should fall back to
# about what nothing looks like. The whole image falls too, yet keeps something:
# that part is in the lungs.
#
# ## The test is another block
#
# One more question. Normal is normal, whether in training or in the test. So nobody
# should be able to tell normal training images from normal test images. Can the
# probe?

# %%
normal = first[first["label"] == 0].assign(in_test=is_test.astype(int))
n_each = min(300, normal["in_test"].value_counts().min())
normal = normal.groupby("in_test").sample(n_each, random_state=0)
edges = audit.hide_lungs(read_squares(normal, here.root), ring_px=3)
found = probe_auroc(edges, normal["in_test"], normal)
print(f"normal, training or test, ring only: {found}, floor 0.50")

# %% [markdown]
# When this is well above chance, the published test differs from the training images
# in something that is not the disease: the time, the machine, the hand, or the choice
# of children. A model that leans on a shortcut of the first block may find it gone in
# the second. That can be one reason, among others, why scores drop.
#
# ## All of it, with one call
#
# You have now done by hand what `xraylab audit FOLDER` does for any folder of
# labelled images. It takes each image once, looks who meets whom, and runs a
# probe for everything above. Its **floor** is your clean control, made many times:
# what the same probe reaches on sets without shortcuts. Before you run it: how many
# kinds of trouble will it find in the three sources together?

# %%
found = audit.run_audit(here.root, progress=False)
for finding in found.findings:
    mark = "finding" if finding.is_fault else "note   "
    print(mark, finding.name)

# %% [markdown]
# A finding asks for something, a note is only worth knowing. The figure shows the
# probes. The dot is the measurement with its interval, the upright line its floor,
# and the triangle begins where a finding does. That place lies far out: few
# clean sets have any probe beyond it.

# %% alt="Each probe's AUROC as a dot with its interval, its floor, and where a finding begins."
ax = plots.plot_probes(found.probes, data_name=here.data_name)

# %% [markdown]
# Find the ring. It stands near the figure of your own ring, but not on it: the helper
# looks at all training images and a little more coarsely. Did it cross its mark?
# And the probes named *test or not*: which class has a test that can be told apart?
#
# Each finding also says what it does **not** show. Read one in full.

# %%
faults = {fault.name: fault for fault in found.faults}
fault = faults.get("class told without the lungs") or next(iter(faults.values()), None)
if fault is None:
    print("Nothing was found in these sources.")
else:
    print(fill(fault.found.splitlines()[0], 84))
    for name, said in {
        "shows": fault.shows,
        "does not show": fault.shows_not,
        "what to do": fault.to_do,
    }.items():
        print(fill(f"{name + ':':14} {said}", 84, subsequent_indent=" " * 15))

# %% [markdown]
# ## What we found on the real images
#
# The same probes were run on the first source, all its images. These figures come
# from the package's `results`, so they are the same for everybody, with or without
# the images. What do you expect of the ring, and what will be left of it on the
# published test?

# %%
name = "real-224px-probes"
real = results.read_result(name)
for feature in ("ring", "corners", "spectrum", "intensity", "thumbnail"):
    for where in ("cross-validated", "test"):
        key = f"class, {feature}, {where}"
        floor = real["metrics"][key]["floor"]
        print(f"{feature:10} {where:16} {results.quote(name, key)}, floor {floor:.2f}")

# %% [markdown]
# The floor was measured on built-in images, whose disease is harder to see. So a
# whole thumbnail above it is no proof of a fault. A ring so far above it has no
# lungs to excuse it. On the test less is left. Is the test another block, then?

# %%
for label in ("normal", "pneumonia"):
    key = f"test or not, {label}, thumbnail, cross-validated"
    print(
        f"{label:9} {results.quote(name, key)}, floor "
        f"{real['metrics'][key]['floor']:.2f}"
    )

# %% [markdown]
# And the files? The small images were saved again by others, so their headers tell
# nothing any more. A list of the full-size files remains.

# %%
for fact in ("table_sum", "bits_per_pixel", "bytes", "aspect"):
    key = f"class, {fact} alone, full-size files"
    print(f"{fact:15} {results.quote(name, key)}, floor 0.50")

# %% [markdown]
# One number from the header, and the class is known: no pixel was read.
#
# ## What this shows, and what it does not
#
# - It shows that the information **is there**. It does not show that a network
#   **uses** it. Lesson 06 asks the network itself.
# - A ring is not free of medicine. A very sick child is held by somebody, wears
#   cables, is turned. That can tell the class on real images, without any fault
#   of the files.
# - A probe that finds nothing proves little. A cleverer one might.
#
# ## Change one thing
#
# Make the ring a single pixel wide. How much of the answer is left?

# %%
ring_px = 3
thin = audit.hide_lungs(squares, ring_px)
print(f"ring of {ring_px} px: {probe_auroc(thin, train['label'], train)}, floor 0.50")

# %% [markdown]
# ## What you take along
#
# - AUROC is a count: the share of pairs that a number puts in the right order.
# - Look at files before you look at images. It takes a second.
# - A finding needs its control: the same measurement where nothing can be found.
# - One call audits a folder; what it means is still yours to say.
#
# Next: [03 · Model](03_model.ipynb) opens the network and computes it by hand.

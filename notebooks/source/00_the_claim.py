# %% [markdown]
# # 00 · The claim
#
# **Question: what would you have to see to believe 96 %?**
#
# A well-known kind of project says: *we merged three chest X-ray sets, trained a
# ResNet18, and it finds pneumonia with about 96 % accuracy.* In this lesson you
# rebuild that project in small, from the folders to the score. The training takes
# minutes; how many on your machine stands below the first cell.
#
# Afterwards you can
#
# - merge three image folders, split them and train a network in a few lines,
# - read a score together with its count, its interval and its baseline,
# - say which questions a single number leaves open.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
import numpy as np

from xraylab import data, evaluation, plots, training
from xraylab.course import lesson

here = lesson.start(0)

# %% [markdown]
# ## Before you run anything
#
# Write down what you expect of the **real** images, and how sure you are from 0 to 1.
# Use the field below the cell, or put numbers where it says `None`. Your guess is sealed
# in a small file on your own computer. Lesson 08 opens it beside what we measured.
#
# *The **accuracy**, the share of right answers, on the files that were kept for testing
# will be …*

# %%
lesson.guess("naive accuracy", None, sure=None)

# %% [markdown]
# *And the same recipe, trained again and tested on files that somebody else chose
# and published as the test, will be right in a share of …*

# %%
lesson.guess("official accuracy", None, sure=None)

# %% [markdown]
# ## The images
#
# Three folders, as one downloads them. Each has the classes *normal* and
# *pneumonia*. The folder an image lies in is its **ground truth**, the label that
# answers are held against. Let us merge them and count.

# %%
merged = data.merge(here.root, progress=False)
merged.save(here.merge_folder)
files = merged.manifest
files.groupby(["source", "label"]).size().unstack().set_axis(["normal", "pneumonia"], axis=1)

# %% [markdown]
# That looks like a lot of data. Here are twelve images, in mixed order. Which of them
# show pneumonia? Decide for each, then run the cell below the images.

# %% alt="Twelve simulated chest X-rays with the numbers 1 to 12; their classes are not told."
shown = files[files["kept"]].groupby("label").sample(6, random_state=1)
shown = shown.sample(frac=1, random_state=1)
_ = plots.show_images(
    [here.root / path for path in shown["path"]],
    titles=range(1, 13),
    data_name=here.data_name,
)

# %%
places = np.arange(1, 13)
print("pneumonia:", *places[shown["label"] == 1])

# %% [markdown]
# Six right would be a coin's share. Whoever did better saw something, though not
# necessarily a lung.
#
# ## The split
#
# The original project puts all files in one pot, shakes, and keeps a part for
# testing. We call this `naive-merge`, and do the same. The network learns from the
# **training set**. Choices are made on the **validation set**: here, at which point of
# the training the network is kept. The **test set** is read once, at the end.

# %%
table = data.split(files, "naive-merge", seed=0)
table["split"].value_counts()

# %% [markdown]
# ## The training
#
# The network is a **ResNet18**, a usual one for images, 18 layers deep, with the
# original's dropout, optimiser, schedule and data augmentation. You need not know these
# words yet: lessons 03 and 04 take them apart. What the original does not name is ours.
# And to fit a laptop the images are smaller, the run is shorter, its epochs (in
# the original, passes through all images) are equal parts of it, and the weights start
# at random, not at ImageNet's. Run the cell and have a sip of tea. Too slow? Write
# `lesson.start(0, "smoke")` above, and begin again.

# %%
vars(here.recipe)

# %% tags=["nbval-ignore-output"]
run = training.train(
    here.merge_folder, "naive-merge", here.recipe, here.folder / "naive-merge"
)
print(f"trained for {run.recipe.epochs} epochs")
run.history[["epoch", "train_accuracy", "valid_accuracy"]].tail(3).round(3)

# %%
for part in ("train", "valid"):
    labels = run.table.loc[run.table["split"] == part, "label"]
    baseline = labels.value_counts(normalize=True).max()
    print(f"{part}: n = {len(labels)}, baseline {baseline:.2f} (the larger class)")

# %% [markdown]
# The curve below is the one such projects show. Both lines climb and meet. Many draw
# the test set in it, epoch by epoch. We draw the validation set instead, so that
# the test set stays unread until the end.
#
# The two lines are not measured alike. Training accuracy is taken along the way, with
# dropout on and on images that were rotated, blurred or mirrored. That makes it lower
# than it would be on the same images afterwards. A dotted line marks where the steps of
# the training become shorter.

# %% alt="Accuracy by epoch on training and validation images. Both lines climb and meet."
_ = plots.plot_history(run.history, data_name=here.data_name)

# %% [markdown]
# ## The score
#
# Now the test set. Reading it is a step of its own here, and each reading is logged: a
# test that guides our choices is no test any more.

# %% tags=["nbval-ignore-output"]
predictions, n_readings = training.score(here.folder / "naive-merge", on="test")
metrics = evaluation.evaluate(predictions)
print(f"Reading {n_readings} of this test.")
print(*evaluation.describe(metrics.loc[["accuracy"]]), sep="\n")

# %% [markdown]
# Read a line like this: *value (low to high), n, groups, baseline*. The **95 %
# confidence interval** says how far the value may be off by chance with so few
# children; it counts groups of images that belong to one child, not files. The
# **baseline** is what an answer reaches that does not depend on the image: for
# accuracy, always naming the larger class.
#
# There it is, a number of the kind that such projects show. The **confusion matrix**
# counts the right and wrong answers of each class:

# %% alt="Confusion matrix, two by two. Most files are on the diagonal."
counts = evaluation.confusion(predictions["label"], predictions["score"])
_ = plots.plot_confusion(counts, data_name=here.data_name)

# %% [markdown]
# ### Your turn: accuracy by hand
#
# `counts` is that table, a numpy array: rows are the truth, columns the answers. Write a
# function that gives the accuracy of any such table.

# %% tags=["starter"]
def accuracy(counts):
    ...

lesson.check("accuracy from counts", accuracy)

# %% tags=["solution"]
def accuracy(counts):
    return (counts[0, 0] + counts[1, 1]) / counts.sum()

lesson.check("accuracy from counts", accuracy)

# %% [markdown]
# ### Your turn: a mistake to mend
#
# Someone wrote this for the baseline of accuracy. It is right for our images, where
# pneumonia is the larger class, and wrong elsewhere. `labels` is a numpy array of zeros
# and ones. Mend it.

# %% tags=["starter"]
def baseline(labels):
    return labels.mean()

lesson.check("a fair baseline", baseline)

# %% tags=["solution"]
def baseline(labels):
    return max(labels.mean(), 1 - labels.mean())

lesson.check("a fair baseline", baseline)

# %% [markdown]
# ## One image
#
# The original project ends with an answer in words. Here is ours, for the last
# of the images shown above. Most of them were in training, so this proves nothing yet.

# %% tags=["nbval-ignore-output"]
from xraylab.prediction import Predictor

predictor = Predictor(here.folder / "naive-merge")
print(predictor.predict(here.root / shown["path"].iloc[-1]))

# %% [markdown]
# It sounds sure of itself. So, do you believe it?
#
# ## What one would have to see
#
# The cell below asks a single question about the split you have just used: how
# many of the test files show an image that the network saw while it trained?

# %%
test = data.describe_split(table).loc["test"]
print(f"{test['image_in_train']:.0%} of the {test['n_files']:.0f} test files", end=" ")
print("show an image that is also in train.")
for name in here.missing:
    print(f"{name} is not here: its copies are not counted.")

# %% [markdown]
# ### Your turn: what does this show?
#
# Which sentence do the cells above license?
#
# - **a** Without the copies, the score would be lower.
# - **b** Part of the test asks about images that were in training.
# - **c** The network does badly on images that it has not seen.
# - **d** The labels of the copied images are wrong.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what the copies show", answer)

# %% tags=["solution"]
answer = "b"
lesson.check("what the copies show", answer)

# %% [markdown]
# The three folders hold the same images. One of them has other names and other bytes,
# so it is easy to miss. **The test asked the network what it had already
# been told.** This is **data leakage**: something of the test is known in training.
#
# Careful, though. We have found *a* reason to doubt the number. We have not yet
# shown that it is *the* reason, or how large its part is. Others wait: several images of
# one child, a test from another batch, files saved differently for the two classes.
#
# The built-in set is small, so copies may weigh more in it than in the real one.
# Simulated images show how a mistake works. They never show how well a model does
# in a clinic.
#
# ## Change one thing
#
# The cell says what share of the files in each part shows an image that training has
# seen too, and what share shows a child that it has seen. Set `protocol = "grouped"`
# and run the cell. Every image is now used once, and no child is in two parts. What
# do you expect to happen to the two shares?

# %%
protocol = "naive-merge"
shares = data.describe_split(data.split(files, protocol, seed=0))
shares[["n_files", "image_in_train", "group_in_train"]].round(2)

# %% [markdown]
# ## What you take along
#
# - A project like this is a few lines, and its number comes easily.
# - A score needs its count, its interval and its baseline beside it.
# - A test can only say something about images it does not share with training.
#
# Next: [01 · Merging](01_merging.ipynb) finds the copies, first by hand.

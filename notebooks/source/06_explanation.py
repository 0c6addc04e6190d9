# %% [markdown]
# # 06 · Explanation
#
# **Question: what moves the answer?**
#
# Lesson 02 found shortcuts: things beside the lungs that tell the classes apart. Does
# a network use them? One often shows a coloured map as the reply: *look, it looks at
# the lung*. Here you make such a map yourself, check whether it may be believed, hold
# it against the truth, and find out what it can never show.
#
# Afterwards you can
#
# - make an occlusion map by hand: hide a place, and watch the answer,
# - check a map before you believe it, and say what chance would reach,
# - test what no map shows, by changing the whole image a little at a time.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from xraylab import data, evaluation, explanation, images, phantom, plots, prediction
from xraylab import results, training
from xraylab.course import lesson

here = lesson.start(6)

# %% [markdown]
# ## A network to ask
#
# We train a small network on the published split.
#
# For an explanation, a network is just a function: images go in, a number comes out.
# We take two such numbers. The score is the probability of pneumonia. The logit is
# what it is made from, as in lesson 05 the logit for pneumonia minus that for normal. A
# score of 0.999 can hardly rise any more. A logit can, so maps are made of logits.

# %%
data.merge(here.root, progress=False).save(here.merge_folder)
recipe = here.recipe
run = training.train(
    here.merge_folder, "official", recipe, here.folder / "official"
)
print(f"trained for {run.recipe.epochs} epochs")
model = run.make_model()
score = explanation.make_scorer(model, recipe.size_px)
logit = explanation.make_scorer(model, recipe.size_px, logit=True)

# %% [markdown]
# We ask about validation images, at most 60 of each class, drawn at random. The test
# stays closed. Each image is read twice: as small as the network sees it, and larger,
# since a chest of a few dozen pixels is a handful of squares to our eyes.

# %% tags=["nbval-ignore-output"]
valid = run.table[run.table["split"] == "valid"].sample(frac=1, random_state=0)
valid = valid.groupby("label").head(60).reset_index(drop=True)
files = [here.root / path for path in valid["path"]]
squares = np.stack([images.read_pixels(file, 224) for file in files])
small = np.stack([images.read_pixels(file, recipe.size_px) for file in files])
valid["score"] = score(small)
valid.groupby("label")["score"].describe()[["count", "min", "50%", "max"]].round(2)

# %% [markdown]
# ## Hide one place
#
# We take an image with pneumonia that the network calls so, with a score of about 0.8.

# %% tags=["nbval-ignore-output"]
positive = valid[valid["label"] == 1]
asked = positive["score"].sub(0.8).abs().idxmin()
image = squares[asked]
print(f"score {score(image[None])[0]:.2f}, logit {logit(image[None])[0]:+.2f}")

# %% [markdown]
# Now we lay a grey patch over one place and ask again. Grey means: the mean of the
# image. It should say neither yes nor no.

# %% tags=["nbval-ignore-output"]
patch_px = len(image) // 8
hidden = image.copy()
hidden[patch_px : 2 * patch_px, patch_px : 2 * patch_px] = round(image.mean())
change = logit(hidden[None])[0] - logit(image[None])[0]
print(f"with the patch the logit changes by {change:+.3f}")

# %% [markdown]
# Where it falls, what lies under the patch spoke *for* pneumonia; where it rises, against
# it. An image of where the answer comes from is called a **saliency map**, and this way of
# making one is **occlusion**: hide a patch, and measure how far the answer falls.
#
# ### Your turn: occlusion by hand
#
# Let the patch walk over the whole image, side by side, row by row. Your function is
# given `score`, which takes a stack of images and gives a number for each, one `image`,
# whose sides are multiples of `patch_px`, and `patch_px`. It gives back a map of the
# image's shape: at each pixel, how far the answer falls when its patch is hidden.

# %% tags=["starter"]
def occlude(score, image, patch_px):
    ...

lesson.check("occlusion by hand", occlude)

# %% tags=["solution"]
def occlude(score, image, patch_px):
    found = np.zeros(image.shape)
    for y in range(0, image.shape[0], patch_px):
        for x in range(0, image.shape[1], patch_px):
            place = slice(y, y + patch_px), slice(x, x + patch_px)
            hidden = image.copy()
            hidden[place] = round(image.mean())
            found[place] = score(image[None])[0] - score(hidden[None])[0]
    return found

lesson.check("occlusion by hand", occlude)

# %% [markdown]
# The package's `occlusion_map` does the same. A larger patch hides more at once, and with
# half steps the patches overlap. Then the map gets smoother. Orange speaks for
# pneumonia, purple against it.

# %% alt="One X-ray with soft orange and purple patches where hiding moved the logit."
smooth = explanation.occlusion_map(logit, image, 2 * patch_px, patch_px)
_ = plots.show_map(image[::2, ::2], smooth, data_name=here.data_name)

# %% [markdown]
# It is tempting to nod now: wherever the colours lie, one finds a reason for them.
#
# ## May it be believed?
#
# Here is another map. It marks where grey changes quickly, so it looks clever, and it
# never asks the network at all. The **sanity check** notices: shuffle the network's
# weights, draw the map again, and see whether it changes. What was learnt is gone then,
# so a map of it must look different. A map that failed is crossed out.

# %% alt="A map of the edges in one X-ray, with a red line across: its sanity check failed."
def edge_map(model, image):
    return np.hypot(*np.gradient(image.astype(float)))


check = explanation.check_map(edge_map, model, small[0], small)
print(check)
edges = edge_map(model, small[0])
_ = plots.show_map(small[0], edges, check=check, data_name=here.data_name)

# %% [markdown]
# A correlation of ranks of one: no place changed its rank. This map explains the image
# and not the network. The limit of 0.5 is a choice, so read the number, too.
#
# There are quicker maps than ours. They follow the slope of the logit instead of hiding
# things. Grad-CAM weights each of the network's last feature maps by its mean slope, how
# far the logit rises with it, and adds them up.
#
# ### Your turn: a mistake to mend
#
# Someone wrote Grad-CAM like this. `features` and `slopes` have the shape (maps, height,
# width); a slope says how far the logit rises with that feature at that place. What
# would the sanity check say to it? Mend it.

# %% tags=["starter"]
def gradcam(features, slopes):
    return features.mean(axis=0)

lesson.check("what Grad-CAM forgot", gradcam)

# %% tags=["solution"]
def gradcam(features, slopes):
    weights = slopes.mean(axis=(1, 2))
    return (weights[:, None, None] * features).sum(axis=0)

lesson.check("what Grad-CAM forgot", gradcam)

# %% [markdown]
# Integrated gradients add up the slopes on the way from plain grey to the image. Both
# come from captum. Here they are beside occlusion, now with the patch that the package
# checks.

# %% tags=["nbval-ignore-output"] alt="Three maps over one X-ray, by occlusion, Grad-CAM and integrated gradients; each title holds its sanity check."
figure, axes = plt.subplots(1, 3, figsize=(8.7, 2.3))
for ax, (name, draw) in zip(axes, explanation.MAPS.items(), strict=True):
    check = explanation.check_map(draw, model, small[asked], small)
    found = draw(model, small[asked])
    ax = plots.show_map(small[asked], found, check=check, ax=ax)
    _ = ax.set_title(f"{name}\n{check.verdict}", loc="left", fontsize=8)
_ = figure.supxlabel(here.data_name, fontsize=9)

# %% [markdown]
# Do they agree? To pass the check is the least one may ask. It says that the map depends on the weights, not that it shows a reason.
#
# ## Held against the truth
#
# Take all that speaks for pneumonia. What share of it will lie inside the true shadow
# of the pneumonia? For the built-in images we know where it is. For real images nobody
# has drawn the shadow here, so the next cells stay silent.

# %%
lesson.guess("share of the map in the lesion", None, sure=None)

# %% [markdown]
# We take one image of each child with pneumonia that was called so. But what would a
# map reach that knows nothing? Lungs lie in the middle of an image, and pneumonia lies
# in the lungs. So we ask three more: networks that were never trained, a map that is
# the same all over the lungs, and a round blob in the middle. They are the chance
# level. Beside the share we play the **pointing game**: does the strongest place of the
# map lie in the shadow, yes or no?

# %% alt="One map with the outline of the true shadow of the pneumonia."
children = positive[positive["score"] >= 0.5].drop_duplicates("group_id")
children = children.head(20 if here.is_builtin else 0)
by_hiding = explanation.MAPS["occlusion"]
untrained = [training.models.make_model(recipe.model, seed=seed).eval() for seed in range(3)]


def maps_of(row, masks):
    yield "the network", by_hiding(model, small[row])
    for other in untrained:
        yield "untrained networks", by_hiding(other, small[row])
    yield "the lungs", (masks.left_lung | masks.right_lung).astype(float)
    yield "a blob in the middle", explanation.centre_blob(small[row].shape)


rows = []
for row, case in children.iterrows():
    masks = phantom.masks_for(here.root, case["path"], size=(recipe.size_px,) * 2)
    lesion = masks.lesion > 0.5
    for name, found in maps_of(row, masks) if lesion.any() else []:
        measured = explanation.measure_map(found, lesion)
        rows.append({"map": name, "child": case["group_id"], **measured})
for row, case in children.head(1).iterrows():
    lesion = phantom.masks_for(here.root, case["path"], size=(recipe.size_px,) * 2).lesion
    found = by_hiding(model, small[row])
    _ = plots.show_map(small[row], found, mask=lesion, data_name=here.data_name)

# %% tags=["nbval-ignore-output"]
measured = pd.DataFrame(rows, columns=["map", "child", "hit", "inside"])
for name, part in measured.groupby("map", sort=False):
    inside = evaluation.mean_interval(part["inside"], part["child"])
    hit = evaluation.share_interval(part["hit"].astype(bool), part["child"])
    print(f"{name:20} inside {inside}")
    if name != "the lungs":  # the same all over: no place in them is the strongest
        print(f"{'':20} hit    {hit}")
    if name == "the network":
        lesson.keep_truth("share of the map in the lesion", inside, here.data_name)

# %% [markdown]
# ### Your turn: the share inside, by hand
#
# Write a function that is given a map and a lesion, two arrays of one shape. The map is
# above 0 where a place speaks for pneumonia, below where it speaks against. The lesion is
# True where the disease is. What share of all that speaks for pneumonia lies in it?

# %% tags=["starter"]
def share_inside(found, lesion):
    ...

lesson.check("share inside by hand", share_inside)

# %% tags=["solution"]
def share_inside(found, lesion):
    evidence = np.clip(found, 0, None)
    return evidence[lesion].sum() / evidence.sum()

lesson.check("share inside by hand", share_inside)

# %% [markdown]
# Compare the first row of the table above with the others, not with zero. Is its
# interval above theirs? A blob that never saw an image is hard to beat: it knows where
# lungs are. A network may score well and look past the disease. (Intervals with *few groups*
# may be too narrow.)
#
# We trained twelve networks for longer, and twelve on images with a marker in one class
# (`benchmarks/explanation.py` in the repository; 30 simulated children each). On the
# first Grad-CAM hit 0.45 on average, the blob 0.27; on networks that had learnt a marker
# 0.14. This kind of map was picked on one training. On the other eleven it is ahead of
# the marker networks by 0.279 (0.14 to 0.41), of the blob by 0.164 (0.06 to 0.27). Single
# trainings hit from 0.17 to 0.63.
#
# ## A map shows a marker
#
# We test maps with rules that *we* write, so that we know their reason. The first rule
# looks at the corner: bright there, and it says pneumonia. We paint a marker there.
# Which place will speak most for pneumonia?

# %% alt="An X-ray with a white marker in a corner; the whole map lies on the marker."
side = len(image) // 8


def marker_rule(images):
    return images[:, :side, :side].mean(axis=(1, 2)) / 255


marked = squares[0].copy()
marked[:side, :side] = 255
by_marker = explanation.occlusion_map(marker_rule, marked, side, stride_px=side // 2)
row, column = np.unravel_index(by_marker.argmax(), by_marker.shape)
print("strongest place is in the marker:", row < side and column < side)
_ = plots.show_map(marked[::2, ::2], by_marker, data_name=here.data_name)

# %% [markdown]
# A reason that sits in *one place* is found at once. This is what maps are good for,
# and they have caught real models reading hospital markers.
#
# ## A map misses a zoom
#
# The second rule looks at no place. It asks how quickly grey changes from one spot to
# the next. Bring the camera closer, and everything is drawn out: grey changes more
# slowly. A rule like this can tell classes apart when one of them was taken closer.

# %% alt="The map of the closeness rule: purple and orange patches over a large part of the image."
apart = len(image) // 6


def closeness_rule(images):
    grey = images.astype(float)
    steps = np.abs(grey[:, :, apart:] - grey[:, :, :-apart]).mean(axis=(1, 2))
    return 1 - steps / 25


by_closeness = explanation.occlusion_map(closeness_rule, squares[0], side, side // 2)
_ = plots.show_map(squares[0][::2, ::2], by_closeness, data_name=here.data_name)

# %% [markdown]
# Would you have read "zoom" from that? Mind the scale beside it, too: every map is
# coloured up to its own strongest place, so a tiny one looks just as loud. Let us
# count how much of the image is needed to hold half of each map. Few places: the
# map points. Many places: it shrugs.


# %%
def area_of_half(found):
    strength = np.sort(np.abs(found).ravel())[::-1]
    n_needed = np.searchsorted(strength.cumsum(), strength.sum() / 2) + 1
    return n_needed / strength.size


print(f"marker rule    half of the map on {area_of_half(by_marker):.0%} of the image")
print(f"closeness rule half of the map on {area_of_half(by_closeness):.0%}")

# %% [markdown]
# A map answers the question *where*. Zoom has no *where*. To find it one must change
# it: bring all images closer by a dose, and watch. A known change of an image, to see
# how the answer moves, is a **perturbation**. Here are those that the package knows.

# %%
for name, change in explanation.PERTURBATIONS.items():
    print(f"{name:14} {change.family:18} {change.words}")

# %% [markdown]
# Each has one dose that changes nothing; for zoom it is 1, left out below. We measure the
# mean shift of the rule's answers, in standard deviations of the answers before. The
# images are the same each time, so the comparison is paired, and the interval counts
# children.

# %%
known = explanation.perturb(closeness_rule, squares, valid, names=["zoom"])
shifts = known[(known["figure"] == "shift") & (known["dose"] != 1)].set_index("dose")
shifts[["value", "low", "high", "n", "n_groups"]].round(2)

# %% [markdown]
# ### Your turn: what does this show?
#
# You have seen the map of the closeness rule, and its answers by dose. Which sentence
# do they license?
#
# - **a** Its map shows where the pneumonia is.
# - **b** How close the camera is moves this rule: the children stayed the same.
# - **c** This rule looks at nothing but how close the camera is.
# - **d** A network that stays flat under zoom looks at the disease.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what a dose shows", answer)

# %% tags=["solution"]
answer = "b"
lesson.check("what a dose shows", answer)

# %% [markdown]
# ## What moves our network?
#
# Back to the network. We try all of them, and order them by their swing: the mean
# shift at the dose that lifts the answers most, minus the one that lowers them most.
# `most_flipped` is the largest share of answers that changed sides, `at_dose` where.
# Lungs hidden should move an honest reader. Is it on top?

# %% tags=["nbval-ignore-output"]
moved = explanation.perturb(logit, squares, valid)
explanation.rank_perturbations(moved).head(8).round(2)

# %% [markdown]
# What stands above it moves this network more, at the doses we tried.
#
# For all that lesson 02 said, we squeeze images into a square, so the shape of a file
# becomes the shape of a chest. If the network uses that, then squeezing should move its
# answers.

# %% tags=["nbval-ignore-output"] alt="Mean shift of the logit by dose, one line for squeeze and one for zoom, with intervals."
curves = {name: moved[moved["perturbation"] == name] for name in ("squeeze", "zoom")}
_ = plots.plot_dose_curve(curves, data_name=here.data_name)
for name, curve in curves.items():
    changed = (curve["figure"] == "flipped") & (curve["dose"] != 1)
    for row in curve[changed].itertuples(index=False):
        flipped = evaluation.Interval(*row[3:])
        print(f"{name:7} {row.dose:<4} flipped {flipped}")

# %% [markdown]
# Try it by hand, in a live kernel.

# %% tags=["nbval-ignore-output"]
samples = prediction.choose_samples(run.table, here.root)
prediction.perturbation_widget(prediction.Predictor(run.folder), samples)

# %% [markdown]
# A child does not get ill when the image is stretched. So an honest reader would
# give a flat line, and flip no answer. A line that climbs or falls means
# that shape or size moves the answer. How far, and how many answers flip, is what one
# should report beside the map, and `xraylab perturb` does it for any run.
#
# ## On real images
#
# Two networks, trained on the real images from scratch at 64 px, answered for their own
# validation again: with a box in the middle painted grey, two thirds of each side, with
# all around it painted, and 20 % closer. No lungs are marked on real images, so the box
# takes heart and spine along. How far will the AUROC fall without the middle?

# %%
doses = results.read_table("real-64px-doses").query("on == 'validation'")
doses = doses.set_index(["result", "perturbation", "dose", "figure"])
columns = list(evaluation.Interval._fields)
tried = {"unchanged": ("zoom", 1), "middle hidden": ("lungs hidden", 1)}
tried |= {"outside hidden": ("outside hidden", 1), "20 % closer": ("zoom", 1.2)}
for name in ("real-64px-official", "real-64px-grouped"):
    for words, change in tried.items():
        found = evaluation.Interval(*doses.loc[(name, *change, "AUROC"), columns])
        print(f"{name}, {words:14} AUROC {found}, baseline 0.50")

# %% [markdown]
# Most of the order of the scores can be had without the middle. Lungs may reach beyond
# the box, and what around it tells the classes apart stays open.
#
# ### Your turn: left and right
#
# Suppose a network was trained with mirrored images among the others. You mirror each
# validation image, ask it again, and 1 in 100 answers flips. Which sentence follows?
#
# - **a** Training with mirrored images has made it more often right.
# - **b** One should mirror new images before asking, for better answers.
# - **c** Its answers hardly depend on what is left and what is right.
# - **d** It will not be moved much by rotation or zoom either.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what a mirror shows", answer)

# %% tags=["solution"]
answer = "c"
lesson.check("what a mirror shows", answer)

# %% [markdown]
# ## What this shows, and what it does not
#
# - A map shows where *this* network is moved on *this* image. It is no proof that
#   the reason is medical, even when it lies on a lung and has passed its check.
# - Grey patches, black borders and stretched images are strange to the network. Some of
#   what we see may be surprise, and no reason. Small doses are fairer than large ones.
#
# ## Change one thing
#
# Set `factor = 2` or `0.5`: on how much of the image is half of the map? A small patch
# sees sharply, but hides little. A large one hides much, but blurs.

# %%
factor = 1
patch = int(side * factor)
again = explanation.occlusion_map(marker_rule, marked, patch, max(1, patch // 2))
print(f"half of the map on {area_of_half(again):.0%} of the image")

# %% [markdown]
# ## What you take along
#
# - An occlusion map is simple: hide, ask again, subtract.
# - Shuffle the weights before you believe a map, and hold it against chance.
# - *Where* needs a map. *What* needs a change with a dose.
#
# Next: [07 · Demo](07_demo.ipynb) asks whether the model should answer at all.

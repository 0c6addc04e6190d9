# %% [markdown]
# # 06 · Explanation
#
# **Question: what moves the answer?**
#
# Lesson 02 found things beside the lungs that tell the classes apart. Does a network
# use them? One often shows a coloured map as the reply, a **saliency map**: an image of
# where the answer comes from. *Look, it looks at the lung*. Here you make such a map
# yourself, hold it against the truth, and find out what it can never show.
#
# Afterwards you can
#
# - make an occlusion map by hand: hide a place, and watch the answer,
# - check a map against a reason that you know,
# - test what no map shows, by changing the whole image a little at a time.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
import numpy as np

from xraylab import data, evaluation, explanation, images, plots, training
from xraylab.course import lesson

here = lesson.start(6)

# %% [markdown]
# ## A network to ask
#
# We train a small network on the published split. Small is enough for us, and quick.

# %%
data.merge(here.root, progress=False).save(here.merge_folder)
recipe = here.recipe
run = training.train(
    here.merge_folder, "official", recipe, here.folder / "official", progress=False
)
if run.note:
    print(run.note)

# %% [markdown]
# For an explanation, a network is just a function: images go in, probabilities of
# pneumonia come out. We ask about validation images, at most 60 of each class, drawn
# at random. The test stays closed.

# %% tags=["nbval-ignore-output"]
score = explanation.run_scorer(run)
valid = run.table[run.table["split"] == "valid"].sample(frac=1, random_state=0)
valid = valid.groupby("label").head(60)
squares = np.stack(
    [images.read_pixels(here.root / path, recipe.size_px) for path in valid["path"]]
)
valid = valid.assign(score=score(squares)).reset_index(drop=True)
valid.groupby("label")["score"].describe()[["count", "min", "50%", "max"]].round(2)

# %% [markdown]
# ## Hide one place
#
# We take an image with pneumonia about which the network is sure, but not utterly
# sure. An answer of almost one hardly moves, whatever one hides.

# %% tags=["nbval-ignore-output"]
sick = valid[valid["label"] == 1]
asked = sick["score"].sub(0.8).abs().idxmin()
image = squares[asked]
print(f"whole image: {score(image[None])[0]:.2f}")

# %% [markdown]
# Now we lay a grey patch over one place and ask again. Grey means: the mean of the
# image. It should say neither yes nor no.

# %% tags=["nbval-ignore-output"]
patch_px = recipe.size_px // 8
hidden = image.copy()
hidden[patch_px : 2 * patch_px, patch_px : 2 * patch_px] = round(image.mean())
change = score(hidden[None])[0] - score(image[None])[0]
print(f"with the patch: {score(hidden[None])[0]:.2f}, change {change:+.3f}")

# %% [markdown]
# Below zero means that what lies under the patch spoke *for* pneumonia. Let the patch
# walk over the whole image, row by row, and write down each change.

# %%
by_hand = np.zeros(image.shape)
places = range(0, recipe.size_px - patch_px + 1, patch_px)
for y in places:
    for x in places:
        place = slice(y, y + patch_px), slice(x, x + patch_px)
        hidden = image.copy()
        hidden[place] = round(image.mean())
        by_hand[place] = score(hidden[None])[0] - score(image[None])[0]

# %% [markdown]
# That is all. It is called an **occlusion map**. The tested helper does the same, and
# must agree.

# %%
by_helper = explanation.occlusion_map(score, image, patch_px, stride_px=patch_px)
print("both agree:", np.allclose(by_hand, by_helper, atol=1e-4))

# %% [markdown]
# A larger patch hides more at once, and with half steps the patches overlap. Then the
# map gets smoother. Orange: hiding it lowers the answer. Purple: hiding it raises the
# answer.

# %% alt="A simulated chest X-ray under an occlusion map: orange where hiding lowers the answer, purple where it raises it."
smooth = explanation.occlusion_map(score, image, 2 * patch_px, stride_px=patch_px)
_ = plots.show_map(image, smooth, data_name=here.data_name)

# %% [markdown]
# A nice image. It is tempting to nod now: wherever the colours lie, one finds a
# reason for them. Let us not nod yet.
#
# ## Held against the truth
#
# Take all that lowers the answer when hidden. What share of it will lie inside the
# true shadow of the pneumonia? For the built-in images we know where it is. We take
# one image of each child that was called pneumonia. For real images nobody has drawn the
# shadow here, so the cell stays silent.

# %%
lesson.guess("share of the map in the lesion", None, sure=None)

# %% tags=["nbval-ignore-output"]
shares = []
called = sick[sick["score"] >= 0.5].drop_duplicates("group_id").head(20)
if here.is_builtin:
    from xraylab import phantom

    for i, path in called["path"].items():
        masks = phantom.masks_for(here.root, path, size=image.shape)
        inside = masks.lesion > 0.5
        found = explanation.occlusion_map(score, squares[i], 2 * patch_px, patch_px)
        drop = np.clip(-found, 0, None)
        shares.append((drop[inside].sum() / max(drop.sum(), 1e-9), inside.mean()))
if shares:
    in_map, in_image = np.transpose(shares)
    found = evaluation.mean_interval(in_map)
    print(f"share of the map in the lesion {found}, baseline {in_image.mean():.2f}")
    lesson.keep_truth("share of the map in the lesion", found, here.data_name)

# %% [markdown]
# The baseline is the share of the image that is lesion: a map that knows nothing puts
# that much inside by chance. Does the interval lie above it? And how much of the map
# lies elsewhere, on things that are no pneumonia? A patch is coarse and reaches over
# the edge of the shadow, so the share will hardly be one. Still, a network may score
# well and look past the disease.
#
# ## A map shows a marker
#
# How far can one trust such a map at all? We test it with rules that *we* write, so
# that we know their reason. The first rule looks at the corner. A letter there, and
# it says pneumonia.

# %%
side = recipe.size_px // 8


def marker_rule(images):
    return images[:, :side, :side].mean(axis=(1, 2)) / 255


# %% [markdown]
# We paint such a marker on an image and ask for the map. Where is the place that
# moves the answer most?

# %% alt="An X-ray with a white marker in a corner; the whole map lies on the marker."
marked = squares[0].copy()
marked[:side, :side] = 255
by_marker = explanation.occlusion_map(marker_rule, marked, side, stride_px=side // 2)
row, column = np.unravel_index(by_marker.argmin(), by_marker.shape)
print("strongest place is in the marker:", row < side and column < side)
_ = plots.show_map(marked, by_marker, data_name=here.data_name)

# %% [markdown]
# Well done, map. A reason that sits in *one place* is found at once. This is what
# maps are good for, and they have caught real models reading hospital markers.
#
# ## A map misses a zoom
#
# The second rule looks at no place. It asks how quickly grey changes from one spot to
# the next. Bring the camera closer, and everything is drawn out: grey changes more
# slowly. A rule like this can tell classes apart when one of them was taken closer.

# %% alt="The map of the closeness rule: purple and orange patches over a large part of the image."
apart = recipe.size_px // 6


def closeness_rule(images):
    grey = images.astype(float)
    steps = np.abs(grey[:, :, apart:] - grey[:, :, :-apart]).mean(axis=(1, 2))
    return 1 / (1 + steps / 25)


by_closeness = explanation.occlusion_map(closeness_rule, squares[0], side, side // 2)
_ = plots.show_map(squares[0], by_closeness, data_name=here.data_name)

# %% [markdown]
# Would you have read "zoom" from that? Mind the scale beside it, too: every map is
# coloured up to its own strongest change, so a tiny one looks just as loud. Let us
# count how much of the image is needed to hold half of each map. Few places: the
# map points. Many places: it shrugs.


# %%
def area_of_half(change):
    strength = np.sort(np.abs(change).ravel())[::-1]
    n_needed = np.searchsorted(strength.cumsum(), strength.sum() / 2) + 1
    return n_needed / strength.size


print(f"marker rule    half of the map on {area_of_half(by_marker):.0%} of the image")
print(f"closeness rule half of the map on {area_of_half(by_closeness):.0%}")

# %% [markdown]
# A map answers the question *where*. Zoom has no *where*. To find it one must change
# it: bring all images closer by a dose, and watch. Such a known change of an image is
# a **perturbation**. A dose of 1 changes nothing.

# %%
doses = [0.8, 0.9, 1.0, 1.1, 1.2]
known = explanation.dose_curve(closeness_rule, squares, explanation.zoom, doses)
known[["dose", "mean_change"]].round(3)

# %% [markdown]
# Now it is plain. The answers climb with the dose, step by step, and nothing about
# the children has changed.
#
# ## The squeeze test
#
# Back to the network. Images are squeezed into a square before it sees them, so the
# shape of a file becomes the shape of a chest. If it uses that, then squeezing should
# move its answers. We try both, squeeze and zoom.

# %% tags=["nbval-ignore-output"] alt="Mean change of the answer by dose, one line for squeeze and one for zoom."
curves = {
    change.__name__: explanation.dose_curve(
        score, squares, change, doses, groups=valid["group_id"]
    )
    for change in (explanation.squeeze, explanation.zoom)
}
_ = plots.plot_dose_curve(curves, data_name=here.data_name)
for name, curve in curves.items():
    for row in curve.itertuples():
        interval = f"({row.flipped_low:.2f} to {row.flipped_high:.2f})"
        counts = f"n = {row.n}, {row.n_groups} groups"
        print(f"{name:7} dose {row.dose}: turned {row.flipped:.2f} {interval}, {counts}")

# %% [markdown]
# A child does not get ill when the image is stretched. So an honest reader would
# give a flat line, and change no answer, as at dose 1. A line that climbs or falls means
# that shape or size moves the answer. How far, and how many answers change, is what one
# should report beside the map.
#
# ## What this shows, and what it does not
#
# - A map shows where *this* network is moved on *this* image. It is no proof that
#   the reason is medical, even when it lies on a lung.
# - Grey patches and stretched images are strange to the network. Some of what we see
#   may be surprise, and no reason. Small doses are fairer than large ones.
# - A flat curve clears only the change that was tried. Others remain.
# - Two networks of the same score can have different maps. Do not read one as *the*
#   way to see pneumonia.
#
# ## Change one thing
#
# Set `factor = 2` or `0.5`, and look at the map of the marker again. A small patch
# sees sharply, but hides little. A large one hides much, but blurs.

# %%
factor = 1
patch = int(side * factor)
again = explanation.occlusion_map(marker_rule, marked, patch, stride_px=max(1, patch // 2))
print(f"half of the map on {area_of_half(again):.0%} of the image")

# %% [markdown]
# ## What you take along
#
# - An occlusion map is simple: hide, ask again, subtract.
# - Test a map with a reason that you know before you believe it.
# - *Where* needs a map. *What* needs a change with a dose.
#
# Next: [07 · Demo](07_demo.ipynb) asks whether the model should answer at all.

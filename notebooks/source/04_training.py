# %% [markdown]
# # 04 · Training
#
# **Question: what does the schedule do?**
#
# The original project trains with Adam, lowers its learning rate in steps, and
# disturbs its images on the way. Which of that matters? One training cannot tell
# you. Here you write the loop by hand, then train many small networks and find out
# what one can honestly say.
#
# Afterwards you can
#
# - write a training loop and say what each of its lines is for,
# - say why a rate should be large first and small later,
# - compare two recipes without being fooled by a lucky seed.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from xraylab import data, evaluation, images, plots, training
from xraylab.course import lesson


here = lesson.start(4)

# %% [markdown]
# ## Downhill
#
# A loss is a landscape, and training walks downhill. Take the simplest one:
# a single weight `w`, and a loss of `(w - 3)` squared. Its slope is `2 (w - 3)`.
# Each step goes against the slope, by the **learning rate**. We begin at zero and
# walk ten steps. Which of the three rates will end nearest to 3?

# %%
lesson.guess("best rate", None, sure=None)

# %%
ends = {}
for rate in (0.02, 0.4, 1.05):
    w = 0.0
    for _ in range(10):
        w = w - rate * 2 * (w - 3)
    print(f"rate {rate:4.2f}: w = {w:6.2f} after ten steps")
    ends[rate] = abs(w - 3)
lesson.keep_truth("best rate", min(ends, key=ends.get))

# %% [markdown]
# Too small, and you hardly move. Too large, and each step overshoots by more than the
# one before. Real landscapes are rough: far away one wants long steps, close by short
# ones. That is what a schedule is for.
#
# ## The schedule, by hand
#
# The original multiplies its rate by `gamma` every seven epochs.

# %%
recipe = training.RECIPES["original"]
epochs = np.arange(recipe.epochs)
by_hand = recipe.lr * recipe.gamma ** (epochs // recipe.step_size)

weight = torch.nn.Parameter(torch.zeros(1))
optimiser = torch.optim.Adam([weight], lr=recipe.lr)
steps = torch.optim.lr_scheduler.StepLR(optimiser, recipe.step_size, recipe.gamma)
by_torch = []
for _ in epochs:
    by_torch.append(optimiser.param_groups[0]["lr"])
    optimiser.step()
    steps.step()
print("both agree:", np.allclose(by_hand, by_torch))
print("rates:", *dict.fromkeys(f"{rate:.0e}" for rate in by_hand))

# %% [markdown]
# ## Images to train on
#
# Each image once, children kept apart, at a small size, so that many trainings fit
# in a minute. Of each class we draw at most 300, at random. The validation part judges;
# the test stays closed.

# %%
merged = data.merge(here.root, progress=False)
table = data.split(merged.manifest, "grouped", seed=0)
drawn = table[table["split"] != "test"].sample(frac=1, random_state=0)
used = drawn.groupby(["split", "label"]).head(300)
size_px = 32
cache = images.build_cache(
    used["path"], here.root, size_px, here.folder / "cache", progress=False
)
grey, labels = cache.pixels, used["label"].to_numpy()
train = np.flatnonzero(used["split"] == "train")
valid = np.flatnonzero(used["split"] == "valid")
floor = max(labels[valid].mean(), 1 - labels[valid].mean())
print(len(train), "to train on,", len(valid), "to judge by")
print(f"always the larger class is right for {floor:.2f} of these, the floor")

# %% [markdown]
# Training images are turned, blurred and mirrored a little, each time anew. Here is
# one image as six different batches would see it.

# %% alt="The same simulated X-ray six times, each a little turned, blurred or mirrored."
x = training.make_batch(grey, train[:1])
drawn = [training.augment(x, seed=0, step=step)[0, 0].numpy() for step in range(6)]
_ = plots.show_images(np.array(drawn), data_name=here.data_name)

# %% [markdown]
# ## The loop, by hand
#
# Five lines do the work. Ask the network; measure the loss; forget the old slopes;
# find the new slopes; take a step. To compare with the helper we switch off all that
# is random but the order.

# %%
plain = replace(
    recipe, model="small", weights="none", size_px=size_px, epochs=1, n_steps=12,
    dropout=0.0, rotation_degrees=0, blur=False, flip=False,
)
network = training.make_model("small", dropout=0.0, seed=plain.seed)
optimiser = torch.optim.Adam(
    network.parameters(), lr=plain.lr, weight_decay=plain.weight_decay
)

# %%
losses = []
for step in range(plain.n_steps):
    rows = train[training.draw_rows(len(train), plain.batch_size, seed=0, step=step)]
    answer = network(training.make_batch(grey, rows))
    loss = functional.cross_entropy(answer, torch.from_numpy(labels[rows]))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
print("loss went down:", np.mean(losses[-4:]) < np.mean(losses[:4]))

# %% [markdown]
# `training.fit` is the same loop with a schedule, a progress bar and a memory of what
# happened. It must give the same network.

# %%
state = training.fit(plain, grey, labels, train, valid, progress=False)
by_hand = training.score_logits(network, grey, valid)
by_helper = training.score_logits(state.model, grey, valid)
print("both agree:", torch.allclose(by_hand, by_helper, atol=1e-2))

# %% [markdown]
# ## Stop, and go on
#
# A free GPU may vanish at any moment. If a training stops half way and goes on, will
# it end in the same network, to the last bit? Every random draw here is a function of
# seed and step. So it should. Let us pull the plug.

# %%
short = replace(plain, epochs=4, dropout=0.5, rotation_degrees=10, blur=True, flip=True)


class PlugPulled(Exception):
    pass


def pull_the_plug(state):
    if state.n_epochs == 2:
        raise PlugPulled


# %%
whole = training.fit(short, grey, labels, train, valid, progress=False)
broken = training.start(short)
try:
    training.fit(
        short, grey, labels, train, valid,
        state=broken, after_epoch=pull_the_plug, progress=False,
    )
except PlugPulled:
    print("stopped after", broken.n_epochs, "epochs")
training.fit(short, grey, labels, train, valid, state=broken, progress=False)
pairs = zip(whole.model.parameters(), broken.model.parameters(), strict=True)
print("same to the last bit:", all(torch.equal(a, b) for a, b in pairs))

# %% [markdown]
# ## One seed is no seed
#
# Now the real question. We train the lesson's recipe several times and change nothing
# but the **seed**, the number that fixes all random draws. How far apart will the
# best and the worst accuracy on validation be?

# %%
lesson.guess("accuracy, best seed less worst", None, sure=None)

# %%
base = here.recipe
grey = images.build_cache(
    used["path"], here.root, base.size_px, here.folder / "cache", progress=False
).pixels


def valid_accuracy(recipe):
    done = training.fit(recipe, grey, labels, train, valid, progress=False)
    return done.history[-1]["valid_accuracy"], done


# %% tags=["nbval-ignore-output"]
tried = [valid_accuracy(replace(base, seed=seed)) for seed in range(5)]
by_seed = [accuracy for accuracy, _ in tried]
n = len(valid)
print("each seed:", *(f"{a:.2f}" for a in by_seed), f"n = {n}, floor {floor:.2f}")
print("mean over seeds:", evaluation.seed_interval(by_seed), "seeds")
low, high = evaluation.wilson(round(by_seed[0] * n), n)
print(f"the first seed alone: {by_seed[0]:.2f} ({low:.2f} to {high:.2f})")
spread = max(by_seed) - min(by_seed)
lesson.keep_truth("accuracy, best seed less worst", spread, here.data_name)

# %% [markdown]
# Same recipe, same images, same children. The spread between these numbers is what
# luck alone can do. Any claim that a change helps has to be larger than that. The last
# line is about another luck: which children came into the validation part. Where its
# interval reaches the floor, this accuracy cannot be told from an answer that never
# looks.
#
# And what does the schedule do? Look at one of the trainings. The dotted line marks
# where the rate falls. The training line is measured along the way, with dropout on and
# on changed images, which lowers it. Where it still lies above the validation line,
# the network knows its own images better than new ones.

# %% alt="Accuracy by epoch on training and validation images, with a line where the rate falls."
history = pd.DataFrame(tried[0][1].history)
_ = plots.plot_history(history, data_name=here.data_name)

# %% [markdown]
# Often the training line grows calm after a drop, since short steps no longer jump
# about.
#
# ## Switch things off, one at a time
#
# The recipe has five things that are said to help on new images, and a schedule.
# We take out one after the other, with one seed each, and hold each against the
# spread that we have just seen. What do you expect to stand out?

# %% tags=["nbval-ignore-output"]
without = {
    "dropout": {"dropout": 0.0},
    "weight decay": {"weight_decay": 0.0},
    "rotation": {"rotation_degrees": 0},
    "blur": {"blur": False},
    "flip": {"flip": False},
    "schedule": {"gamma": 1.0},
}
low, high = min(by_seed), max(by_seed)
print(f"n = {n}, floor {floor:.2f}")
print(f"all of them        {low:.2f} to {high:.2f} (five seeds)")
for name, change in without.items():
    accuracy, _ = valid_accuracy(replace(base, **change))
    verdict = "inside" if low <= accuracy <= high else "outside"
    print(f"without {name:12} {accuracy:.2f}  {verdict} the spread of seeds")

# %% [markdown]
# A single run inside the spread tells you next to nothing about the change. A single
# run outside is a hint, no more. A sixth seed of the whole recipe may well fall outside
# the spread of five. To *know*, one would train several seeds with and without, and
# judge by many more validation images. How few are there? One image more or less
# moves the accuracy by this much.

# %%
print(f"one image is {1 / n:.3f} of the accuracy, n = {n}")

# %% [markdown]
# ## What this shows, and what it does not
#
# - All numbers above are on **validation**, since we were choosing. Choosing on the
#   test would spend it.
# - Small networks on small images show how a comparison is made. What helps here
#   need not help a large network at full size, or the other way round.
#
# ## Change one thing
#
# Give `gamma` another value, such as 0.5, or 1.0 for no schedule at all, and run the
# cell for two seeds. Would you bet on the difference?

# %% tags=["nbval-ignore-output"]
gamma = 0.1
again = [valid_accuracy(replace(base, gamma=gamma, seed=seed))[0] for seed in (0, 1)]
print("gamma", gamma, "accuracy", *(f"{a:.2f}" for a in again), end=", ")
print(f"n = {n}, floor {floor:.2f}")

# %% [markdown]
# ## What you take along
#
# - A training loop is five lines; all else is care.
# - The schedule takes long steps first and short steps later.
# - Judge a change against the spread of seeds, on validation, with n beside it.
#
# Next: [05 · Evaluation](05_evaluation.ipynb) asks how sure we may be of a score.

# %% [markdown]
# # 03 · Model
#
# **Question: what does a residual network compute?**
#
# A network has millions of numbers, but it does only a few kinds of things with
# them. Here you do each of them by hand, on an image small enough to check with a
# pencil, and then find the same steps in the real network. You need nothing from the
# lessons before. The cells run in seconds; leave yourself a good half hour for the five
# tasks.
#
# Afterwards you can
#
# - compute a convolution and a residual block yourself,
# - follow an image through a ResNet18, from grey levels to two numbers,
# - turn the two numbers into a probability and into a loss,
# - fine-tune a whole network, and ask it as one asks a network in use.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
import tempfile

import numpy as np

from xraylab import data, images, plots
from xraylab.course import lesson
from xraylab.training import batches, models

import torch
from safetensors.torch import save_file
from torch.nn import functional

here = lesson.start(3)

# %% [markdown]
# ## A convolution
#
# Lay a small square of weights on the image, multiply what lies on top of each
# other, and add up. Then move the square one step and do it again. That is all a
# **convolution** is.
#
# Our image is dark on the left and bright on the right. Our weights subtract the
# left from the right. Where will the result be large?

# %%
image = np.array([[0, 0, 0, 9, 9, 9]] * 4, dtype=np.float32)
weights = np.array([[-1, 0, 1]] * 3, dtype=np.float32)

by_hand = np.zeros((2, 4), dtype=np.float32)
for row in range(2):
    for column in range(4):
        under = image[row : row + 3, column : column + 3]
        by_hand[row, column] = (under * weights).sum()
by_hand

# %% [markdown]
# Large at the edge, zero in the flat parts. These weights find upright edges, such as
# the border of a heart. A network *learns* its weights; nobody writes them down.
# PyTorch must agree with us. It wants two more dimensions, one for the images of a
# batch and one for channels.

# %%
by_torch = functional.conv2d(
    torch.from_numpy(image)[None, None], torch.from_numpy(weights)[None, None]
)
print("both agree:", np.allclose(by_hand, by_torch[0, 0]))

# %% [markdown]
# ### Your turn: how many places?
#
# Our square of 3 went over a side of 6 pixels in steps of 1. One may take longer steps,
# the **stride**, and put zeros around the image first, the **padding**. Write a function
# that counts the places of the square along one side: `padding` zeros stand at each end,
# and the square never sticks out.

# %% tags=["starter"]
def count_places(side, kernel, stride, padding):
    ...

lesson.check("places along a side", count_places)

# %% tags=["solution"]
def count_places(side, kernel, stride, padding):
    rest = side + 2 * padding - kernel
    return rest // stride + 1

lesson.check("places along a side", count_places)

# %% [markdown]
# The same on a chest film, with the weights above and with their transpose, which find
# level edges such as ribs.

# %% alt="A simulated chest X-ray, its upright edges, and its level edges."
files, _ = data.list_files(here.root)
path = here.root / files[files["label"] == 1]["path"].iloc[0]
film = images.read_pixels(path, 128)
x = batches.make_batch(film[None], np.array([0]))
upright = functional.conv2d(x, torch.from_numpy(weights)[None, None])[0, 0]
level = functional.conv2d(x, torch.from_numpy(weights.T.copy())[None, None])[0, 0]

edges = [torch.from_numpy(film[1:-1, 1:-1] / 255), upright.abs(), level.abs()]
_ = plots.show_images(
    torch.stack([edge.clip(0, 1).double() for edge in edges]).numpy(),
    titles=["film", "upright edges", "level edges"],
    data_name=here.data_name,
)

# %% [markdown]
# ## A residual block
#
# Stack many layers and learning becomes hard: each layer must first manage to pass
# on what came in. A **residual block** makes that part free. It computes what should be
# **added** to its input:
#
# > output = relu(input + change(input))
#
# `relu` turns everything below zero into zero. `change` is two convolutions, each
# followed by a rescaling called batch normalisation, with a `relu` between the two.
#
# Before you run it: suppose the block has learnt nothing, and its change is zero
# everywhere. What comes out for an input without negative numbers? Say "nothing",
# "the input" or "noise".

# %%
lesson.guess("block without change", None, sure=None)

# %%
torch.manual_seed(0)
block = models.Block(4, 4).eval()
x = torch.rand(1, 4, 8, 8)  # one image, 4 channels, 8 x 8
with torch.no_grad():
    first = torch.relu(block.bn1(functional.conv2d(x, block.conv1.weight, padding=1)))
    change = block.bn2(functional.conv2d(first, block.conv2.weight, padding=1))
    by_hand = torch.relu(x + change)
    print("both agree:", torch.allclose(by_hand, block(x), atol=1e-6))

# %% [markdown]
# Now let it have learnt nothing.

# %%
with torch.no_grad():
    block.bn2.weight.zero_()
    print("output equals input:", torch.equal(block(x), x))
lesson.keep_truth("block without change", "the input")

# %% [markdown]
# So a block that is not needed simply stands aside. This is why one can stack many of
# them.
#
# ## A whole ResNet18
#
# Here is the network of the original project. Let us send one image through and
# write down the shape after each part: channels, height, width. `layer1` to `layer4`
# are two residual blocks each.

# %%
network = models.make_model("resnet18", seed=0).eval()
x = batches.make_batch(images.read_pixels(path, 224)[None], np.array([0]))
print(f"{'input':10}", *x.shape[1:])
with torch.no_grad():
    x = network.normalise(x)
    print(f"{'normalise':10}", *x.shape[1:])
    for name, part in network.network.named_children():
        x = part(x.flatten(1) if name == "fc" else x)
        print(f"{name:10}", *x.shape[1:])

# %% [markdown]
# `conv1` has squares of 7, steps of 2 and a padding of 3. Does your function give the
# side that is printed?
#
# Read it from top to bottom. The grey image becomes three channels, because the
# network was once made for colour photographs. Then height and width shrink while
# channels grow: fewer places, and more things known about each place. `maxpool` keeps
# the largest of nine neighbours, `avgpool` the mean of all places. In the end no place
# is left, only a list of features, and from them `fc` makes two numbers.
#
# The first part, `normalise`, subtracts a mean and divides by a standard deviation. It
# is part of the network here, so that training and prediction cannot disagree about it.

# %%
n_weights = {
    name: sum(p.numel() for p in models.make_model(name).parameters())
    for name in models.MODELS
}
for name, n in n_weights.items():
    print(f"{name:9} {n:>10,} weights")

# %% [markdown]
# `small` is our quick network for lessons. It has the same kind of blocks, only
# fewer and narrower.
#
# ## Transfer
#
# Nobody has to begin at random. One can take over the weights of a network that has
# already learnt to see, and put a new last layer on it. This is **transfer learning**;
# to go on training all of them on the new images is **fine-tuning**. The original
# project does both, with weights from ImageNet, a million photographs. Here we take
# over from a network of our own, which needs no download. What will be equal
# afterwards?

# %%
elder = models.make_model("small", seed=1)
with tempfile.TemporaryDirectory() as folder:
    save_file(elder.network.state_dict(), f"{folder}/elder.safetensors")
    heir = models.make_model("small", weights=f"{folder}/elder.safetensors", seed=2)

given, own = elder.state_dict(), heir.state_dict()
new = [name for name in given if not torch.equal(given[name], own[name])]
n_trained = len(list(heir.parameters()))
print(f"{n_trained} arrays of weights, {len(given) - n_trained} of running means and counts")
print("of these are new:", *new)

# %% [markdown]
# All but the last layer came along. The last one is drawn anew, since the old one
# answered another question. Now the heir can be fine-tuned. That is done by an
# **optimiser**, which moves the weights that it was given, step by step.
#
# ### Your turn: a mistake to mend
#
# Someone wrote this to fine-tune a whole network: it is given the network and gives
# back the optimiser. It runs without an error. Mend it.

# %% tags=["starter"]
def make_optimiser(network):
    return torch.optim.Adam(network.network.fc.parameters(), lr=0.001)

lesson.check("what the optimiser holds", make_optimiser, heir)

# %% tags=["solution"]
def make_optimiser(network):
    return torch.optim.Adam(network.parameters(), lr=0.001)

lesson.check("what the optimiser holds", make_optimiser, heir)

# %% [markdown]
# ## The last layer, by hand
#
# The last layer, `fc`, first drops features at random while training, so that the
# network does not lean on a single one (**dropout**). Then it multiplies the features
# by weights, adds a bias, and gives two numbers, the **logits**: one for normal, one
# for pneumonia. A **logit** is a raw answer, no probability yet.

# %%
features = torch.rand(1, 96, generator=torch.Generator().manual_seed(0))
last = heir.network.fc.eval()
with torch.no_grad():
    by_hand = features @ last[1].weight.T + last[1].bias
    print("both agree:", torch.allclose(by_hand, last(features), atol=1e-6))

# %% [markdown]
# ## From two numbers to a probability
#
# Logits can be anything. **Softmax** makes them positive with the exponential, and
# divides by their sum. Take the logits 0.5 for normal and 2.5 for pneumonia. How
# probable is pneumonia, then?

# %%
lesson.guess("softmax of 0.5 and 2.5", None, sure=None)

# %%
logits = np.array([0.5, 2.5])
probability = np.exp(logits) / np.exp(logits).sum()
print("normal {:.3f}, pneumonia {:.3f}".format(*probability))
by_torch = torch.tensor(logits).softmax(0)
print("both agree:", np.allclose(probability, by_torch))
lesson.keep_truth("softmax of 0.5 and 2.5", probability[1])

# %% [markdown]
# Only the difference of the logits counts. Add the same to both, and nothing changes.
# Two probabilities that must sum to one say only one thing, so we keep the second
# and call it the **score**.
#
# ### Your turn: scores of a network in use
#
# Write a function that gives the score of each image of a batch. `network` is as
# training left it, and takes `x`, as many images as you like; the scores must be those
# of a network in use. Class 1 is pneumonia.

# %% tags=["starter"]
def scores_of(network, x):
    ...

lesson.check("scores of a network in use", scores_of, heir)

# %% tags=["solution"]
def scores_of(network, x):
    network.eval()
    with torch.no_grad():
        return network(x).softmax(1)[:, 1]

lesson.check("scores of a network in use", scores_of, heir)

# %% [markdown]
# ## From a probability to a loss
#
# How bad is an answer? **Cross-entropy** takes the probability given to the true
# class, and of it the negative logarithm. Sure and right costs nearly nothing. Sure
# and wrong costs a lot.

# %%
for true, name in enumerate(models.CLASSES):
    by_hand = -np.log(probability[true])
    target = torch.tensor([true])
    by_torch = functional.cross_entropy(torch.tensor(logits)[None], target).item()
    agree = np.isclose(by_hand, by_torch)
    print(f"truth {name:9} loss {by_hand:.3f}, both agree: {agree}")

# %% [markdown]
# ### Your turn: another mistake to mend
#
# Someone wrote the loss of one answer like this: two logits and the true class go in, one
# number comes out. Mend it.

# %% tags=["starter"]
def loss_of(logits, label):
    probability = np.exp(logits) / np.exp(logits).sum()
    row, target = torch.tensor(probability)[None], torch.tensor([label])
    return functional.cross_entropy(row, target).item()

lesson.check("a loss that fits", loss_of)

# %% tags=["solution"]
def loss_of(logits, label):
    row, target = torch.tensor(logits)[None], torch.tensor([label])
    return functional.cross_entropy(row, target).item()

lesson.check("a loss that fits", loss_of)

# %% [markdown]
# And an answer that knows nothing, half and half? Training has to get well below its
# loss. Where one class is larger, knowing only that already gets a little below.

# %%
print(f"half and half: {-np.log(0.5):.3f}")

# %% [markdown]
# ### Your turn: what does this show?
#
# There are equally many images of both classes. The mean loss of a training stays at the
# value above. Which sentence follows?
#
# - **a** On average its answers cost as much as half and half.
# - **b** Each of its answers is close to half and half.
# - **c** Half of its answers are right.
# - **d** Its learning rate is too small.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what a mean loss says", answer)

# %% tags=["solution"]
answer = "a"
lesson.check("what a mean loss says", answer)

# %% [markdown]
# ## What this shows, and what it does not
#
# - Nothing in these steps knows what a lung is. Edges, sums and a threshold at zero
#   are enough to learn *something* that goes with the labels. Whether that is
#   disease is a matter of the data.
# - Softmax always sums to one. Show it a cat, and it will still divide its trust
#   between normal and pneumonia. Lesson 07 tries that.
#
# ## Change one thing
#
# The ResNet18 got an image of 224 pixels a side. Give it one of 64, or of 320. How
# many places are left before `avgpool`? And will `fc` still fit?

# %%
size_px = 224
x = batches.make_batch(images.read_pixels(path, size_px)[None], np.array([0]))
x = network.normalise(x)
for name, part in network.network.named_children():
    with torch.no_grad():
        x = part(x.flatten(1) if name == "fc" else x)
    if name in ("layer4", "avgpool", "fc"):
        print(f"{name:8}", *x.shape[1:])

# %% [markdown]
# ## What you take along
#
# - A convolution is multiply, add, move on.
# - A residual block learns what to add, and may add nothing.
# - Softmax makes a probability from logits, cross-entropy makes a cost from it.
# - An optimiser moves what it holds, and a network in use drops nothing.
#
# Next: [04 · Training](04_training.ipynb) lets the cost change the weights.

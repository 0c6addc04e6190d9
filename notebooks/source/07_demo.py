# %% [markdown]
# # 07 · Demo
#
# **Question: should it answer at all?**
#
# The original project ends with a demo: upload an image, read the answer. It is the
# part that people remember. Here you build the same demo, see what is inside, and then
# show it things that it should never have answered.
#
# Afterwards you can
#
# - go from a file to an answer by hand, in four steps,
# - put a panel around it that anybody can use,
# - say why a sure answer may be worth nothing.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
import pickle

import numpy as np
import torch

from xraylab import data, errors, evaluation, images, plots, prediction, results
from xraylab import training
from xraylab.course import lesson
from xraylab.prediction import Predictor

here = lesson.start(7)

# %% [markdown]
# ## A trained network
#
# The same small network as in lesson 06, trained on the published split.

# %%
data.merge(here.root, progress=False).save(here.merge_folder)
recipe = here.recipe
folder = here.folder / "official"
run = training.train(here.merge_folder, "official", recipe, folder)
print(f"trained for {run.recipe.epochs} epochs")
predictor = Predictor(folder)

# %% [markdown]
# The predictor reads weights and settings from the run's folder. Many projects keep the
# whole network in one file instead, as a **pickle**, and share that.
#
# ### Your turn: a file from a stranger
#
# Somebody sends you their trained network, saved whole with pickle. You open it, and do
# not use it yet. What is true?
#
# - **a** Opening it reads numbers and nothing else.
# - **b** Opening it may run any code that the sender chose.
# - **c** It is harmless until the network is asked something.
# - **d** It is harmless if its fingerprint is the one the sender told you.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what a pickle may do", answer)

# %% tags=["solution"]
answer = "b"
lesson.check("what a pickle may do", answer)

# %% [markdown]
# Try it with a file that only says hello. Nobody calls `print` below.

# %%
class Harmless:
    def __reduce__(self):
        return print, ("Hello from inside the file.",)


as_file = pickle.dumps(Harmless())
_ = pickle.loads(as_file)

# %% [markdown]
# ## Samples
#
# A fair demo says where its samples come from. We take two of each class from
# validation, which the network has not trained on. On the real images the two
# examples of the original project are added, with the part they belong to.

# %%
samples = prediction.choose_samples(run.table, here.root)
print(*samples, sep="\n")

# %% [markdown]
# ### Your turn: which samples are fair?
#
# `table` has one row per file: `path`, `image_id` (the same for copies), `group_id` (the
# child), `split`. Write a function that gives the paths a fair demo may show: nothing
# of their children was trained on.

# %% tags=["starter"]
def fair_paths(table):
    ...

lesson.check("a fair gallery", fair_paths)

# %% tags=["solution"]
def fair_paths(table):
    seen = set(table.loc[table["split"] == "train", "group_id"])
    return table.loc[~table["group_id"].isin(seen), "path"]

lesson.check("a fair gallery", fair_paths)

# %% [markdown]
# ## An answer, by hand
#
# To use a trained network on a new image is called **inference**. It takes four steps:
# decode the file to a grey square, scale it to 0 to 1, ask the network, and turn two
# numbers into a probability. The last step first.
#
# ### Your turn: two numbers to one
#
# `logits` are the two numbers of the network, for normal and for pneumonia. Write
# softmax, and give the share of pneumonia.

# %% tags=["starter"]
def to_share(logits):
    ...

lesson.check("two numbers to one", to_share)

# %% tags=["solution"]
def to_share(logits):
    return np.exp(logits[1]) / np.exp(logits).sum()

lesson.check("two numbers to one", to_share)

# %% [markdown]
# Now all four.

# %%
path = list(samples.values())[-1]
square = images.read_pixels(path, recipe.size_px)
x = torch.tensor(square)[None, None].float() / 255
with torch.no_grad():
    logits = predictor.model(x)[0]
by_hand = (logits.exp() / logits.exp().sum())[1].item()

# %% [markdown]
# The predictor does the same. It takes a path, the bytes of a file or an array.

# %%
for kind, image in {"path": path, "bytes": path.read_bytes()}.items():
    found = predictor.predict(image)
    print(f"{kind:5} both agree:", np.isclose(found.score, by_hand, atol=1e-5))

# %% [markdown]
# ### Your turn: a mistake to mend
#
# Somebody's app scales each new image by its own brightest pixel. It looks sensible,
# and the answers are worse than in the notebook. Mend it: `pixels` are bytes, and the
# network was trained as in the four steps above.

# %% tags=["starter"]
def to_input(pixels):
    return pixels / pixels.max()

lesson.check("the same as in training", to_input)

# %% tags=["solution"]
def to_input(pixels):
    return pixels / 255

lesson.check("the same as in training", to_input)

# %% [markdown]
# And here is an answer, in the words of the original project.

# %% tags=["nbval-ignore-output"]
print(predictor.predict(path))

# %% [markdown]
# ## The panel
#
# Choose a sample, or upload an image. If you see no panel, there is no live kernel
# behind this page. The still image below shows the same.

# %% tags=["nbval-ignore-output"]
panel = prediction.prediction_widget(predictor, samples)
panel

# %% alt="Four simulated chest X-rays, each with its label, the answer and its confidence above."
shown = list(samples.values())[:4]
answers = [predictor.predict(image) for image in shown]
_ = plots.show_images(
    shown,
    titles=[
        f"{name.split(',')[0]} → {a.answer}\n{a.how_sure}"
        for name, a in zip(samples, answers, strict=False)
    ],
    columns=4,
    data_name=here.data_name,
)

# %% [markdown]
# Above each stand its number, its label and the answer. Is each answer right, and as sure
# as it should be?
#
# A panel is only a thin coat. We can press its buttons from here, and check that it
# says what the predictor says.

# %%
last = list(samples)[-1]
panel.sample.value = last
print("panel says the same:", str(predictor.predict(path)) in panel.answer.value)
print("and warns:", "Not for clinical use" in panel.answer.value)

# %% [markdown]
# ## Things that are no chest X-ray
#
# What is unlike anything that was learnt is called **out-of-distribution**. Now we show
# it television snow, an even grey, a colourful pattern, and a chest rotated by half a
# turn, standing on its head. The network knows two words only. How sure will it be of
# its answer to the snow? Half is "I have no idea", one is "I am certain".

# %%
lesson.guess("confidence on snow", None, sure=None)

# %% alt="Snow, an even grey, a pattern of slow changes, and an X-ray upside down."
rng = np.random.default_rng(0)
across, down = np.meshgrid(np.linspace(0, 255, 256), np.linspace(0, 255, 256))
odd = {
    "snow": rng.integers(0, 256, (256, 256), dtype=np.uint8),
    "grey": np.full((256, 256), 128, dtype=np.uint8),
    "colours": np.stack([across, down, 255 - across], axis=2).astype(np.uint8),
    "upside down": np.rot90(images.read_pixels(path, 256), 2),
}
in_grey = [image.mean(axis=2) if image.ndim == 3 else image for image in odd.values()]
in_grey = np.array(in_grey, dtype=np.uint8)[:, ::4, ::4]
_ = plots.show_images(in_grey, list(odd), columns=4, data_name=here.data_name)

# %% tags=["nbval-ignore-output"]
for name, image in odd.items():
    print(f"{name:12} {predictor.predict(image)}")
snow = predictor.predict(odd["snow"]).confidence
lesson.keep_truth("confidence on snow", snow, f"network of the {here.data_name}")

# %% [markdown]
# ### Your turn: what does the number say?
#
# Take the highest confidence of the four lines. It means that
#
# - **a** the network has noticed that the image is odd,
# - **b** so many answers of this kind are right,
# - **c** one of its two words fits better than the other,
# - **d** the network looks at the wrong place.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("sure of snow", answer)

# %% tags=["solution"]
answer = "c"
lesson.check("sure of snow", answer)

# %% [markdown]
# It answers every time, and it would answer anything. One or the other may even be
# right, by chance, or because a film on its head is still a film. Softmax divides
# its trust between two words, whatever it is shown. **A confidence is not a sign that
# the question made sense.**
#
# ## Warnings
#
# Some of it can be noticed without any network: shape, colour, hardly any contrast.
# The predictor adds such warnings to its answer.

# %%
for name, image in odd.items():
    found = predictor.predict(image)
    print(f"{name:12}", *(found.warnings or ["(nothing noticed)"]))

# %% [markdown]
# Made small enough, snow turns into an even grey; a network that sees large squares gets
# snow. And mind each line where nothing was noticed. A warning helps. No warning means
# little.
#
# What is no image at all is refused, with a reason.

# %%
try:
    predictor.predict(b"Dear network, do I have pneumonia?")
except errors.UnreadableImageError as error:
    print("Refused:", error.cause)

# %% [markdown]
# ## Another disease
#
# One source has a folder of COVID-19 images. We left them out. What does a network
# say that has never heard of the word? The built-in folder is simulated like the rest:
# drawn by us, of no patient.

# %% tags=["nbval-ignore-output"]
_, ignored = data.list_files(here.root)
others = ignored[ignored["reason"].str.endswith("never pneumonia here")]["path"].head(40)
calls = [predictor.predict(here.root / path).answer for path in others]
for word in sorted(set(calls)):
    print(f"{word:10} {calls.count(word)} of {len(calls)}, {here.data_name}")
if not calls:
    print("These sources hold no such folder.")

# %% [markdown]
# Neither word was learnt from such images. It picks one all the same. And if the word
# fits, since COVID-19 may cause a pneumonia? In the real folder these images come from
# other hospitals and mostly from adults, so a word that fits may be owed to the place.
#
# ## Only when sure?
#
# A common idea: let it answer only when it is sure, and leave the rest to people. Does
# that help? We try it on the stored answers for the **real** test. The share that it
# still answers is called **coverage** too, and has nothing to do with an interval's. How
# many will it still get wrong when its confidence is at least 0.99?

# %%
lesson.guess("wrong at confidence 0.99", None, sure=None)

# %%
answers = results.read_predictions("real-64px-official")
confidence = np.maximum(answers["score"], 1 - answers["score"])
right = (answers["score"] >= 0.5) == answers["label"]
for least in (0.5, 0.9, 0.99):
    sure = confidence >= least
    n_wrong, positive = (~right[sure]).sum(), answers["label"][sure].mean()
    found = evaluation.share_interval(right[sure], answers["group_id"][sure])
    print(f"at least {least:4}: coverage {sure.mean():.2f}, wrong {n_wrong}")
    print(f"   right {found}, baseline {max(positive, 1 - positive):.2f}")
real = "real images, from scratch, 64 px"
lesson.keep_truth("wrong at confidence 0.99", int(n_wrong), real)

# %% [markdown]
# Of the answers that are left a larger share is right. But the baseline climbs as well:
# what is left shows pneumonia more often. And some of the surest answers are wrong,
# with the confidence of the right ones. Which images are they? And of the normal images
# that still get an answer, is a larger share called normal?

# %%
wrong = answers[~right & (confidence >= 0.99)]
words = {0: "normal, called pneumonia", 1: "pneumonia, called normal"}
print(wrong["label"].map(words).value_counts().rename_axis(None).to_string())
for which, rows in {"all": answers, "surest": answers[confidence >= 0.99]}.items():
    print(f"specificity, {which:6}", evaluation.measure(rows, "specificity"))

# %% [markdown]
# Compare the two lines: no gain for normal images is shown. Look at each class by
# itself, whenever one class is left out more often.
#
# ## As a page
#
# `xraylab demo` serves this panel as a page of its own, for people who only want to try
# it. (In a clone of the repository `make demo` does so, too.) It runs on your own
# computer. No image leaves it.
#
# ## What this shows, and what it does not
#
# - A demo shows that the parts fit together. It says nothing about how often the
#   answer is right. That was lesson 05.
# - The warnings look at simple things. A sharp, grey, well-shaped X-ray of a knee
#   passes them all.
# - A child, a parent or a doctor sees the sentence, not the small print. Whoever
#   shows a demo decides what people will believe.
#
# ## Change one thing
#
# Turn the snow into stripes, or give it the mean grey of a chest. Can you find an
# image without any child in it that the network is surest about?

# %% tags=["nbval-ignore-output"]
yours = rng.integers(0, 256, (256, 256), dtype=np.uint8)
print(predictor.predict(yours))

# %% [markdown]
# ## What you take along
#
# - From file to answer it is four steps, and they must be those of training.
# - A panel is a thin coat over a function that one can test.
# - A network that can only say two words will say one of them to anything.
#
# Next: [08 · Envelope](08_envelope.ipynb) opens your guesses.

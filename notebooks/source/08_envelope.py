# %% [markdown]
# # 08 · Envelope
#
# **Question: where did the 96 % go?**
#
# Copies, children in two places, a distribution shift of the test, a threshold: each
# lesson found a suspect. Now we take them away one after another, on the images you have
# here and on the real ones, and then change one thing at a time on the real ones. And we
# open your guesses.
#
# Afterwards you can
#
# - take a score apart by changing one thing at a time,
# - say which part of a difference may be chance,
# - write down a claim that others can check.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
from itertools import pairwise
from textwrap import fill

import pandas as pd

from xraylab import claim, data, evaluation, plots, results, training
from xraylab.course import lesson

here = lesson.start(8)

# %% [markdown]
# ## The suspects
#
# Four ways to split the same files. From one line to the next, one more thing that
# training and test have in common is taken away.

# %%
for protocol, meaning in data.PROTOCOLS.items():
    print(f"{protocol:13} {meaning}")

# %% [markdown]
# We name each step after what changes in the test: copies go, the same child goes, and
# another block comes.

# %%
steps = {
    ("naive-merge", "image-random"): "copies",
    ("image-random", "grouped"): "the same child",
    ("grouped", "official"): "another test block",
}

# %% [markdown]
# Before you run on: which of the three steps will cost the most accuracy? Write its
# name.

# %%
lesson.guess("dearest step", None, sure=None)

# %% [markdown]
# ## Four trainings
#
# The same small network, the same recipe, the same seed. Only the split differs. We
# keep the answers of each test, and log the reading.

# %%
merged = data.merge(here.root, progress=False)
merged.save(here.merge_folder)
answers, valid = {}, {}
for protocol in data.PROTOCOLS:
    folder = here.folder / protocol
    run = training.train(here.merge_folder, protocol, here.recipe, folder)
    print(f"{protocol}: trained for {run.recipe.epochs} epochs")
    valid[protocol], _ = training.score(folder, on="valid", progress=False)
    answers[protocol], _ = training.score(folder, on="test", progress=False)


# %%
def measure(answers, metric):
    rows = [
        {"protocol": name, **evaluation.evaluate(table).loc[metric]}
        for name, table in answers.items()
    ]
    return pd.DataFrame(rows)


# %% [markdown]
# The helper measures every test the same way. Beside each value stand its interval, its
# baseline, and what it rests on.

# %% tags=["nbval-ignore-output"]
columns = ["protocol", "value", "low", "high", "baseline", "n", "n_groups"]
here_table = measure(answers, "accuracy")
here_table[columns].round(2)

# %% alt="Accuracy under four splits of the built-in images, with intervals and baselines."
_ = plots.plot_protocols(here_table, metric="accuracy", data_name=here.data_name)

# %% [markdown]
# ## What each step took
#
# The four tests share some of their children, and differ in the others. The interval of
# a difference counts that: what makes a shared child hard for both networks cancels, as
# far as children are shared; n and groups are those of the smaller test. If the
# interval holds zero, chance alone could have made the difference. And more than one
# thing changes from line to line: the children of the test, how many images the network
# trained on, and the mix of the classes.


# %%
def print_steps(answers, metric):
    for pair in pairwise(data.PROTOCOLS):
        before, after = (answers[name] for name in pair)
        found = evaluation.difference(before, after, metric)
        print(f"{steps[pair]:18} {found}")


# %% tags=["nbval-ignore-output"]
print_steps(answers, "accuracy")

# %% [markdown]
# This is one seed, and few children. A single step may well come out near zero, or
# even below. In the repository `benchmarks/protocols.py` repeats it over several seeds.
# The built-in set is small, so copies may weigh more here than in life.
#
# Simulated images show how a mistake works. How large it is on real children they
# cannot tell: we planted the copies, the shortcuts and the shift ourselves.
#
# ## The real ones
#
# These were measured on the real images with the original's ResNet18 and recipe, but
# **trained from scratch, at 64 px, one seed**. They are stored with the course, answers
# and all.

# %%
real = "real images, from scratch, 64 px"
real_answers = {
    protocol: results.read_predictions(f"real-64px-{protocol}")
    for protocol in data.PROTOCOLS
}
real_table = measure(real_answers, "accuracy")
real_table[columns].round(3)

# %% alt="Accuracy under four splits of the real images: three high, the published test far lower."
_ = plots.plot_protocols(real_table, metric="accuracy", data_name=real)

# %%
print_steps(real_answers, "accuracy")

# %% [markdown]
# Read the three lines slowly. Was it the copies? Was it the children? Once one has
# found the copies, it is easy to stop there. The large step comes with the last line,
# whose test is **another block of images**. A simple probe tells the blocks apart
# (lesson 02), so this may be a **distribution shift**. Whether it is the reason is not
# shown yet.
#
# The first three tests were cut from the data that the network learnt from: **internal
# validation**. A test from elsewhere is **external validation**. The published test is
# something in between: the same hospital, another block.
#
# One caution: accuracy also depends on how many of the children have pneumonia, and the
# official test has another mix. The baselines in the table show it.
#
# ### Your turn: accuracy in another mix
#
# A network finds a share `sensitivity` of the children with pneumonia, and clears a
# share `specificity` of the others. Write a function that gives its accuracy where a
# share `prevalence` of the children has pneumonia.

# %% tags=["starter"]
def accuracy_at(sensitivity, specificity, prevalence):
    ...

lesson.check("accuracy in another mix", accuracy_at)

# %% tags=["solution"]
def accuracy_at(sensitivity, specificity, prevalence):
    return sensitivity * prevalence + specificity * (1 - prevalence)

lesson.check("accuracy in another mix", accuracy_at)

# %% [markdown]
# AUROC needs no threshold, and more pneumonias of the same sort would not move it; which
# children of each class came does. Does it fall as well?

# %%
print_steps(real_answers, "AUROC")

# %% [markdown]
# ## As written
#
# All that was from scratch, at 64 px. The original starts from ImageNet's weights, sees
# 224 px, and trains for 20 epochs. We did that with a public stand-in for these weights,
# once on each split. Does the 0.96 appear?

# %% alt="Accuracy by epoch on training and validation images: both above 0.95 at nearly all of 20 epochs."
written = {}
for protocol in data.PROTOCOLS:
    for on in ("valid", "test"):
        asked = results.read_predictions(f"real-224px-{protocol}", on)
        (line,) = evaluation.describe(evaluation.evaluate(asked).loc[["accuracy"]])
        print(f"{protocol:13} {on:5} {line}")
    written[protocol] = asked  # of the test
for metric in ("accuracy", "AUROC"):
    print(f"{metric}, from test to test:")
    print_steps(written, metric)
epochs = pd.DataFrame(results.read_result("real-224px-official")["history"])
_ = plots.plot_history(epochs, data_name="real images, published split, 224 px")

# %% [markdown]
# On a split of the kind that the original made, 0.96 is passed, and without copies or
# shared children it is still reached. On the published split it appears on validation,
# whose images were drawn from the training folder, and not on the test. The curve gives
# no warning of that. (Kept is the epoch of the best AUROC on validation.)
#
# ## The same images
#
# One comparison needs no caution about other children. Some images stand in two of the
# tests, so two networks answered for the very same ones. This is a **paired
# comparison**.
#
# ### Your turn: on the same images
#
# `before` and `after` have one row per image: `image_id`, and `is_right`, whether the
# answer was. Write a function that says by how much the share of right answers changed,
# on the images that both tables hold.

# %% tags=["starter"]
def change(before, after):
    ...

lesson.check("on the same images", change)

# %% tags=["solution"]
def change(before, after):
    both = before.merge(after, on="image_id")
    return both["is_right_y"].mean() - both["is_right_x"].mean()

lesson.check("on the same images", change)

# %% [markdown]
# Now the real answers, from scratch and as written. The network of `grouped` saw a
# random part of all children, that of `official` only the published training folder.

# %%
both = set(real_answers["grouped"]["image_id"]) & set(
    real_answers["official"]["image_id"]
)
print(f"{len(both)} images of the published test were also in the test of grouped")
for size, four in {"64 px": real_answers, "224 px": written}.items():
    first, second = (
        four[name].query("image_id in @both").drop_duplicates("image_id")
        for name in ("grouped", "official")
    )
    rest = four["grouped"].query("image_id not in @both")
    tables = {"grouped": first, "official": second, "grouped, the rest": rest}
    for words, table in tables.items():
        (line,) = evaluation.describe(evaluation.evaluate(table).loc[["accuracy"]])
        print(f"{size:6} {words:17} {line}")
    fall = evaluation.difference(first, second, "accuracy")
    print(f"{size:6} grouped less official {fall}")
    lack = evaluation.difference(rest, first, "accuracy")
    print(f"{size:6} rest less these       {lack}")

# %% [markdown]
# ### Your turn: what do the steps license?
#
# Choose the sentence that the tables above bear out.
#
# - **a** Copies and shared children have no effect on the score.
# - **b** The fall to the published test is due to the other images in it.
# - **c** The original project's 96 % would be about 80 % on the published test.
# - **d** Trained and tested on the published split, this network answers fewer images
#   rightly. Why is open.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what the steps license", answer)

# %% tags=["solution"]
answer = "d"
lesson.check("what the steps license", answer)

# %% [markdown]
# At 64 px the network of the published split is worse on the same images. So part of
# the fall goes with the network: with what it was trained on, or with the luck of one
# training, which one seed each cannot tell. As written no such part is shown. Yet at
# both sizes the other network, too, is worse here than on the rest of its own test. So
# part goes with these images, and with their mix of classes. The steps above
# cannot tell network and images apart; these lines can.
#
# ## One thing at a time
#
# To know which suspect it was, one must change one thing and nothing else. So we
# trained networks for that, 64 px, equally many images and steps (1,450); once from
# ImageNet weights (a public stand-in of torchvision's), once from scratch. Some were
# given four times the steps (5,800; the original has 7,700). All answer for the same
# tests, which hold half of each child's images, or its only one: **O** from the
# published test, **R** from children drawn from the rest. A *clean* training has no
# copy of a test image (*copies*), no other image of a test child (*siblings*), and
# nothing from the *block* of the published test. Each of the others takes one of these
# in, or all, in place of as many images. The plan was written before the first run.

# %% alt="Accuracy more than clean, by what training took in, on tests R and O, with intervals, from ImageNet weights."
table = results.read_table("factorial")
designs = {
    "ImageNet": "imagenet-approx (stand-in), 1450",
    "from scratch": "none, 1450",
    "ImageNet, 5,800 steps": "imagenet-approx (stand-in), 5800",
}
told = {}
for words, design in designs.items():
    rows = table[table["result"] == f"factorial, weights {design} steps"]
    for row in rows[rows["what"].isin(["clean", "copies"])].itertuples():
        found = evaluation.Interval(row.value, row.low, row.high, row.n, row.n_groups)
        print(f"{words}, {row.what}, on {row.test}: accuracy {found}", end=", ")
        print(f"baseline {row.baseline:.2f}")
    told[words] = rows[rows["what"].str.endswith(" - clean")]
_ = plots.plot_effects(told["ImageNet"], data_name="real images, ImageNet weights, 64 px, 1,450 steps")

# %%
for words, effects in told.items():
    print(f"{words}: accuracy more than clean")
    for row in effects.itertuples():
        found = evaluation.Interval(row.value, row.low, row.high, row.n, row.n_groups)
        mark = "" if row.verdict == row.verdict_few else "*"
        print(f"  on {row.test}, {row.what:16} {found.figure:25} {row.verdict}{mark}")

# %% [markdown]
# The verdicts follow the plan's rule. *Settled*: two networks or more judged each image,
# at least ten groups differ, and an interval that is wider than those drawn, since
# there are eight comparisons, does not hold zero. *Settled as small*: that interval
# lies within two points on R, four on O. Where a star stands, another interval, which
# allows for few trainings, says otherwise; it was made after the first figures were read.
#
# On R a clean training already passes what the original claims: no copy is needed for
# such a number. In short trainings nothing that it took in moves it by a point as
# measured, and most of that is settled as small. On O, with another mix of classes, the
# same networks fall far below, from both weights. Points come back there when training
# takes in images of that block, as its other half or as copies. What shared children do
# on O is *not settled*, hence the hollow dot.
#
# Longer training makes copies count, about two points on R. And on O, where clean has
# less than 0.80, training with copies reaches the original's 96 %.
#
# ## The threshold
#
# One suspect is left. On the official test we move only the line, chosen on validation
# so that at least 95 of 100 pneumonia images are found there. How much comes back?

# %%
official = real_answers["official"]
chosen_on = results.read_predictions("real-64px-official", on="valid")
threshold = evaluation.choose_threshold(
    chosen_on["label"], chosen_on["score"], min_sensitivity=0.95
)
for at in (0.5, threshold):
    table = evaluation.evaluate(official, threshold=at)
    print(f"threshold {at:.3f}:", evaluation.describe(table.loc[["accuracy"]])[0])

# %% [markdown]
# ## Another hospital
#
# Three of the four networks from scratch were also asked once each about images from
# elsewhere. These are **mostly adults**, and their labels were **read from reports by a
# program**, not given by people who looked at the images.

# %%
elsewhere = results.read_table("real-64px-external")
shown = ["accuracy", "sensitivity", "specificity", "AUROC"]
elsewhere = elsewhere.query("on == 'external' and metric in @shown")
elsewhere = elsewhere.query('rule == "the original\'s 0.5"')
elsewhere[["result", "metric", *columns[1:]]].round(2)

# %% [markdown]
# Hold each value against its baseline. Age, place, machine and labels all changed at
# once, so this does not say what went wrong. It says that the score did not travel.
#
# ## The envelope
#
# Here is every guess that you sealed, beside what was measured, lesson by lesson. Each
# line says on which images. A guess whose lesson you did not finish says so.

# %%
for name, protocol in {
    "naive accuracy": "naive-merge",
    "official accuracy": "official",
}.items():
    lesson.keep_truth(name, results.read_figure(f"real-64px-{protocol}", "accuracy"), real)
accuracy = real_table.set_index("protocol")["value"]
dearest = max(steps, key=lambda pair: accuracy[pair[0]] - accuracy[pair[1]])
lesson.keep_truth("dearest step", steps[dearest], real)

# %%
for name in dict.fromkeys([*lesson.read_truths(), *lesson.read_guesses()["name"]]):
    lesson.reveal(name)

# %% [markdown]
# And were you as sure as you were right? Your guesses are answers with a confidence,
# just like the network's. So the same functions can judge them.

# %%
own = lesson.judge_guesses()
print(lesson.describe_own(own))
if len(own):
    share = "share of guesses that were right"
    _ = plots.plot_reliability(own, 5, share=share, data_name="your own guesses")

# %% [markdown]
# ## A claim that others can check
#
# Compare the famous sentence, "about 96 % accuracy", with this one. It is longer. It
# is also true, and a stranger can find out if it is not.

# %%
facts = results.read_result("real-64px-official")
far = results.read_predictions("real-64px-official", on="external")
accuracy = evaluation.describe(evaluation.evaluate(official).loc[["accuracy"]])[0]
auroc = evaluation.describe(evaluation.evaluate(official).loc[["AUROC"]])[0]
print(fill("Data:      " + facts["data"], 80, subsequent_indent=" " * 11))
print(f"Test:      published folder, {facts['n_test']} files,", end=" ")
print(f"{facts['n_groups']} groups of children")
print(f"Readings:  {facts['n_test_readings']} of this test up to this result,")
print("           most along the way of our first trials")
print("Training:  from scratch, 64 px, one seed, threshold 0.5")
print("Measured: ", accuracy)
print("          ", auroc)
print("Elsewhere:", evaluation.describe(evaluation.evaluate(far).loc[["AUROC"]])[0])
print("           another hospital, mostly adults, labels read from reports")
print("Not shown: further hospitals, other seeds, any use in a clinic")

# %% [markdown]
# The package fills such a claim from what a run has stored, field by field, and holds
# what the original project says beside it. Here are five of the fields in which it says
# something, for the network as written on a split of its kind: *supported*, *not
# supported*, or *not tested*. `xraylab claim RUN` writes the whole page.

# %%
card = claim.make_claim("real-224px-naive-merge").table
for key in ("data", "protocol", "figures", "calibration", "external"):
    row = card.loc[key]
    print(f"{row['field']}: {row['verdict']}")
    print(fill(row["why"], 80, initial_indent="   ", subsequent_indent="   "))

# %% [markdown]
# One split may support a figure, and the figure still need not mean what people take it
# for. Read again what stands under *Protocol*. (There is no verdict on it: two of the sets
# were rebuilt, so what they share is of our making.)
#
# ### Your turn: a mistake to mend
#
# Many notebooks print this number at the end. `history` has one row per epoch:
# `valid_accuracy` and `test_accuracy`. Mend what is reported.

# %% tags=["starter"]
def report(history):
    return history["test_accuracy"].max()

lesson.check("the epoch to report", report)

# %% tags=["solution"]
def report(history):
    best = history["valid_accuracy"].idxmax()
    return history.loc[best, "test_accuracy"]

lesson.check("the epoch to report", report)

# %% [markdown]
# ## What this shows, and what it does not
#
# - Except in *one thing at a time* each network is one seed. A difference between two of
#   these trainings holds some luck of the seed, and its interval does not contain it.
# - From scratch at 64 px is not the original, and neither is one training a split at
#   224 px from a stand-in of its weights. Its own number may differ. The question stays
#   the same.
# - "Distribution shift" is a name for what we cannot separate further with these data:
#   time, machine, care, choice of children, and how labels were checked.
#
# ## Change one thing
#
# Look at sensitivity, specificity or AUROC instead of accuracy. Which of them hides
# the fall, and which shows it best?

# %%
metric = "accuracy"
measure(real_answers, metric)[columns].round(3)

# %% [markdown]
# ## What you take along
#
# - Change one thing at a time, or you will thank the wrong suspect.
# - A difference needs its interval as much as a score does.
# - A claim is worth as much as the way to find it wrong.
#
# You have come from a number to a claim. Thank you for walking along. If you teach,
# take the lessons with you: `xraylab lessons --copy FOLDER`.
#
# Next: [09 · Your turn](09_your_turn.ipynb) leaves the choices to you.

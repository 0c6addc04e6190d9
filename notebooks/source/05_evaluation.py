# %% [markdown]
# # 05 · Evaluation
#
# **Question: how sure may we be?**
#
# A network has answered for a test. Now everybody wants one number. Here you count by
# hand what such numbers are made of, how far each may be off, and which of them
# depend on choices that nobody told you about.
#
# Afterwards you can
#
# - fill in the two-by-two table and read four measures off it,
# - put an interval on a share and on anything else, counting children, not images,
# - choose a threshold without spending the test, and say what prevalence does to it.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
import numpy as np

from xraylab import data, evaluation, plots, results, training
from xraylab.course import lesson

here = lesson.start(5)

# %% [markdown]
# ## A real answer sheet
#
# To practise we use answers that are stored with this course. They come from **real
# images**: the original's recipe at 64 px, trained from scratch on the published
# training folder and asked about the published test. One row is one test file. You can
# check each figure below without training anything.

# %%
name = "real-64px-official"
real = "real images, from scratch, 64 px"
answers = results.read_predictions(name)
labels, scores = answers["label"].to_numpy(), answers["score"].to_numpy()
print(results.read_result(name)["data"])
answers[["label", "score", "group_id"]].sample(4, random_state=1).round(3)

# %% [markdown]
# The floor first. What share would be right if one always said "pneumonia"?

# %%
print(f"{len(answers)} files, always pneumonia is right for {labels.mean():.3f}")

# %% [markdown]
# ## Four kinds of outcome
#
# The network gives a score, and we say "pneumonia" when it is at or above 0.5. So a
# row can be right in two ways and wrong in two ways. How many of the *healthy*
# children will be told that they are healthy? This share is the **specificity**.

# %%
lesson.guess("official specificity", None, sure=None)

# %%
counts = {"tn": 0, "fp": 0, "fn": 0, "tp": 0}
for label, score in zip(labels, scores, strict=True):
    called = score >= 0.5
    if label == 1:
        counts["tp" if called else "fn"] += 1
    else:
        counts["fp" if called else "tn"] += 1
print(counts)
print("both agree:", counts == evaluation.confusion(labels, scores, threshold=0.5))

# %% alt="Table of answers and truth, two by two: many normal images are called pneumonia."
_ = plots.plot_confusion(counts, data_name=real)

# %%
n, (tn, fp, fn, tp) = len(answers), counts.values()
shares = {
    "accuracy": (tp + tn, n),
    "sensitivity": (tp, tp + fn),
    "specificity": (tn, tn + fp),
    "PPV": (tp, tp + fp),
}
for measure, (right, of) in shares.items():
    print(f"{measure:11} {right / of:.3f}, {right} of {of}")

# %% [markdown]
# Nearly all the sick are found. But look at the healthy ones. A single number had
# hidden that. **Sensitivity** is the share of the sick who are found, **PPV** the share
# of alarms that are right. We count images here. Further down we count children.
#
# ## How far off by chance?
#
# Another test of the same size would have given another number. Wilson's interval
# says which true shares fit what we have seen. It is a formula, so we can do it by
# hand.

# %%
k, z = counts["tp"] + counts["tn"], 1.96
share = k / n
middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
by_hand = middle - half, middle + half
print(f"{by_hand[0]:.3f} to {by_hand[1]:.3f}")
print("both agree:", np.allclose(by_hand, evaluation.wilson(k, n), atol=1e-4))

# %% [markdown]
# Does it keep its word? We invent a network whose true accuracy we know, test it a
# thousand times on thirty images, and count how often the interval holds the truth.
# What share do you expect?

# %%
true_share = 0.8
right = np.random.default_rng(0).binomial(30, true_share, size=1000)
intervals = np.array([evaluation.wilson(k, 30) for k in right])
holds = (intervals[:, 0] <= true_share) & (true_share <= intervals[:, 1])
print(f"holds the truth in {holds.mean():.1%} of the tests")

# %% [markdown]
# ## Children, not images
#
# Some children have several images in the test. If the network errs on one, it may
# well err on the others, so they count as less than several children. We draw whole
# **groups**: as many as there are, with repeats, and measure anew. This is the
# **bootstrap**.

# %%
rng = np.random.default_rng(0)
right = (scores >= 0.5) == labels
places = answers.groupby("group_id").indices  # group -> its rows
groups = list(places)


def drawn_accuracy():
    drawn = rng.choice(len(groups), len(groups))
    return right[np.concatenate([places[groups[i]] for i in drawn])].mean()


by_hand = np.percentile([drawn_accuracy() for _ in range(1000)], [2.5, 97.5])
print(f"{len(groups)} groups: {by_hand[0]:.2f} to {by_hand[1]:.2f}")

# %% [markdown]
# The helper does the same, and keeps the number of sick and healthy groups fixed. It
# should say nearly the same.

# %%
by_helper = evaluation.bootstrap_interval(answers, "accuracy")
print("by helper:", by_helper)
print("both about agree:", np.allclose(by_hand, by_helper[1:3], atol=0.02))

# %% [markdown]
# ## Pairs
#
# Accuracy needs a threshold. **AUROC** needs none: take a sick and a healthy child at
# random; how often has the sick one the higher score? Lesson 02 counted it by
# sorting. Here we simply look at every pair.

# %%
sick, healthy = scores[labels == 1], scores[labels == 0]
won = (sick[:, None] > healthy).mean() + 0.5 * (sick[:, None] == healthy).mean()
print(f"{sick.size * healthy.size:,} pairs, of which won {won:.3f}")
print("both agree:", np.isclose(won, evaluation.auroc_by_pairs(labels, scores)))
print(f"AUROC {evaluation.bootstrap_interval(answers, 'AUROC')}, floor 0.50")

# %% [markdown]
# That looks far better than the accuracy. How can both be true? The network
# puts children nearly in the right **order**. But its **line** between sick and
# healthy lies in the wrong place for this test. The curve shows every place the line
# could have; the dot is 0.5.

# %% alt="ROC curve, well above the diagonal; the dot at 0.5 has many false alarms."
_ = plots.plot_roc(answers, threshold=0.5, data_name=real)

# %% [markdown]
# ## Where to draw the line
#
# A threshold is a choice, and choices are made on **validation**. Say we want to find
# at least 95 of 100 sick children. We take the highest threshold that does so on the
# validation answers, and only then apply it to the test.

# %%
valid = results.read_predictions(name, on="valid")
chosen = evaluation.choose_threshold(
    valid["label"], valid["score"], min_sensitivity=0.95
)
for threshold in (0.5, chosen):
    table = evaluation.evaluate(answers, threshold=threshold)
    print(f"threshold {threshold:.3f}")
    for line in evaluation.describe(table.loc[["sensitivity", "specificity"]]):
        print("  ", line)
found = evaluation.evaluate(answers).loc["specificity"]
at_half = evaluation.Interval(found["value"], found["low"], found["high"], int(found["n"]))
lesson.keep_truth("official specificity", at_half, real)

# %% [markdown]
# Did the promise hold on the test? And how many more healthy children are told the
# truth? The threshold was one cause of the bad accuracy. It was not the only one:
# compare with the validation, from where the threshold came.

# %%
table = evaluation.evaluate(valid, threshold=chosen)
print("on validation:")
print(*evaluation.describe(table.loc[["sensitivity", "specificity"]]), sep="\n")

# %% [markdown]
# What if we had chosen on the test itself? Then we could report the best accuracy of
# all thresholds. It would be too good, because the same children would have chosen and
# judged.

# %%
best = max(((scores >= t) == labels).mean() for t in np.unique(scores))
own = ((scores >= chosen) == labels).mean()
print(f"accuracy: chosen on validation {own:.3f}, by peeking {best:.3f}, n = {n}")

# %% [markdown]
# ## Does 90 % mean 90 %?
#
# When the network says 0.9, is it pneumonia in nine of ten? Each dot gathers answers of
# about the same score. A dot below the line means: pneumonia is rarer there than the
# score says.

# %% alt="Share with pneumonia by score; most dots lie below the diagonal."
_ = plots.plot_reliability(labels, scores, data_name=real)

# %% [markdown]
# ## Another place, another meaning
#
# In this test more than half of the images show pneumonia. In a school it may be one
# child in a hundred. Keep sensitivity and specificity as they are. What does an alarm
# mean there? Guess the share of alarms that are right.

# %%
lesson.guess("PPV at one in a hundred", None, sure=None)

# %%
measured = evaluation.evaluate(answers, threshold=chosen)["value"]
for prevalence in (labels.mean(), 0.1, 0.01):
    true_alarms = measured["sensitivity"] * prevalence
    false_alarms = (1 - measured["specificity"]) * (1 - prevalence)
    right = true_alarms / (true_alarms + false_alarms)
    print(f"{prevalence:.2f} of them sick: PPV {right:.3f}, floor {prevalence:.2f}")
lesson.keep_truth("PPV at one in a hundred", right, real)

# %% [markdown]
# Same network, same threshold. A PPV without its prevalence is half a number. These
# are computed, not counted: they are as unsure as the sensitivity and specificity that
# went in.
#
# ## Your own network
#
# Now everything at once, for a small network that you train here. The threshold comes
# from validation, the test is read once, and the reading is counted.

# %%
data.save_merge(data.merge(here.root, progress=False), here.merge_folder)
folder = here.folder / "official"
run = training.train(
    here.merge_folder, "official", here.recipe, folder, progress=False
)

# %% tags=["nbval-ignore-output"]
valid, _ = training.score(folder, on="valid", progress=False)
chosen = evaluation.choose_threshold(
    valid["label"], valid["score"], min_sensitivity=0.95
)
test, n_looks = training.score(folder, on="test", progress=False)
mine = evaluation.evaluate(test, threshold=chosen)
print(f"threshold {chosen:.3f} from {len(valid)} validation images, look {n_looks}")
print(*evaluation.describe(mine), sep="\n")

# %% alt="Eight measures as dots with their intervals, each beside its floor."
_ = plots.plot_metrics(mine, data_name=here.data_name)

# %% [markdown]
# Lines are intervals, marks are floors. A line that reaches its floor says: with this
# many images I cannot tell it from an answer that never looks.
#
# Did the threshold keep its promise of 95 in 100? If not, two things may be behind it.
# It was chosen on few validation images, where one more or less moves it far. And the
# test is another block of images, where the same score may mean something else.
#
# ## What this shows, and what it does not
#
# - An interval covers the luck of *which children came*. It does not cover another
#   hospital, another machine, or labels that are wrong.
# - One training is one seed. Lesson 04 showed how far seeds differ.
# - A low specificity on the published test has more than one cause. The threshold is
#   one. Lesson 08 takes them apart.
#
# ## Change one thing
#
# Ask for 99 or for 80 of 100 sick children. What do the healthy ones pay?

# %%
min_sensitivity = 0.95
valid = results.read_predictions(name, on="valid")
chosen = evaluation.choose_threshold(
    valid["label"], valid["score"], min_sensitivity=min_sensitivity
)
table = evaluation.evaluate(answers, threshold=chosen)
print(*evaluation.describe(table.loc[["sensitivity", "specificity"]]), sep="\n")

# %% [markdown]
# ## What you take along
#
# - One table gives four measures, and each tells another story.
# - An interval counts independent children, and a floor says what nothing is worth.
# - Thresholds come from validation. Prevalence decides what an alarm means.
#
# Next: [06 · Explanation](06_explanation.ipynb) asks the network for its reasons.

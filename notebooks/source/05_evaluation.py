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
# - fill in a confusion matrix and read four measures off it,
# - put an interval on a share and on anything else, counting children, not images,
#   and find out whether it keeps its word,
# - choose a threshold without spending the test, and say what prevalence does to it.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
import numpy as np
from scipy import stats

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
# The baseline first. What share would be right if one always said "pneumonia"?

# %%
print(f"{len(answers)} files, always pneumonia is right for {labels.mean():.3f}")

# %% [markdown]
# ## Four kinds of outcome
#
# The network gives a score, and we say "pneumonia" when it is at or above 0.5. So a
# row can be right in two ways and wrong in two ways. The **confusion matrix** counts
# all four. How many of the *normal* images will be called normal? This share is the
# **specificity**.

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

# %% alt="Confusion matrix, two by two: many normal images are called pneumonia."
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
# Nearly all pneumonias are found. But look at the normal images. A single number had
# hidden that. **Sensitivity** is the share of the pneumonia images that are found,
# **PPV**, the positive predictive value, the share of alarms that are right. We count
# images here. Further down we count children.
#
# ## How far off by chance?
#
# Another test of the same size would have given another number. Wilson's confidence
# interval says which true shares fit what we have seen. It is a formula, so we can do it by
# hand.

# %%
def wilson(share, n, z):
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


right = (scores >= 0.5) == labels
accuracy = right.mean()
by_file = wilson(accuracy, n, 1.96)
print(f"{by_file[0]:.3f} to {by_file[1]:.3f}, n = {n}")
package = evaluation.share_interval(right)
print("both agree:", np.allclose(by_file, package[1:3], atol=1e-3))

# %% [markdown]
# The package agrees to three digits. (It takes the quantile of the t-distribution in
# place of 1.96, which matters when there are few.)
#
# Does it keep its word? We invent a network whose true accuracy we know, test it a
# thousand times on thirty images of thirty children, and count how often the interval
# holds the truth. This share is the **coverage** of the interval. What do you expect?

# %%
true_share = 0.8
rng = np.random.default_rng(0)


def coverage(draw, groups):
    drawn = [evaluation.share_interval(draw(), groups) for _ in range(1000)]
    return np.mean([found.low <= true_share <= found.high for found in drawn])


thirty = coverage(lambda: rng.random(30) < true_share, None)
print(f"holds the truth in {thirty:.1%} of the tests")

# %% [markdown]
# ## Children, not images
#
# Some children have several images in the test. If the network errs on one, it may
# well err on the others. Let us go to the extreme: thirty children with four images
# each, and all four right or all four wrong together. Once we count images, once
# children, that is, **groups** of images that may not be counted as independent.

# %%
children = np.repeat(np.arange(30), 4)


def all_alike():
    return np.repeat(rng.random(30) < true_share, 4)


print(f"counting images:   {coverage(all_alike, None):.1%}")
print(f"counting children: {coverage(all_alike, children):.1%}")

# %% [markdown]
# Counted by images, the interval is far too sure of itself. So how many images is our
# real test worth? The **design effect** says how many times larger the variance of the
# accuracy is, summed child by child, than if each image were a child of its own.
# Divide n by it, and you have the **effective sample size**.

# %%
off = answers.assign(off=right - accuracy).groupby("group_id")["off"].sum()
n_groups = len(off)
variance = n_groups / (n_groups - 1) * (off**2).sum() / n**2
design_effect = variance / (accuracy * (1 - accuracy) / n)
n_effective = n / design_effect
print(f"{n} files of {n_groups} groups are worth {n_effective:.0f} independent ones")

t = stats.t.ppf(0.975, n_groups - 1)
by_formula = wilson(accuracy, n_effective, t)
package = evaluation.measure(answers, "accuracy")
print("both agree:", np.allclose(by_formula, package[1:3]))
print("accuracy", package)

# %% [markdown]
# Another way needs no formula. We draw whole groups, as many as there are, with
# repeats, and measure anew, a thousand times. This is the **bootstrap**. There are two
# ways to do it: draw from all groups, or draw from the normal and from the pneumonia
# groups apart, so that their numbers stay as they are. Will both be as wide as the
# formula's?

# %%
places = answers.groupby("group_id").indices  # group -> its rows
sorts = answers.groupby("group_id")["label"].first()  # group -> its class
apart = [sorts.index[sorts == label] for label in (0, 1)]


def bootstrap(parts):
    found = []
    for _ in range(1000):
        drawn = np.concatenate([rng.choice(part, len(part)) for part in parts])
        found.append(right[np.concatenate([places[group] for group in drawn])].mean())
    return np.percentile(found, [2.5, 97.5])


width = package.high - package.low
print(f"formula         {package.low:.2f} to {package.high:.2f}")
for way, parts in {"all groups": [sorts.index], "classes apart": apart}.items():
    low, high = bootstrap(parts)
    ratio = (high - low) / width
    print(f"{way:15} {low:.2f} to {high:.2f}, {ratio:.2f} times as wide")

# %% [markdown]
# Drawn from all groups, the bootstrap says what the formula says. With the classes
# apart it is narrower. Why? This network is right on nearly all pneumonias and wrong on
# most normal images. So its accuracy hangs on how many of each came, and the second way
# holds that mix fixed. Neither is wrong; they answer two questions. *What if other
# children had come?* is the first. We report that one, since the next test will have
# another mix.
#
# The bootstrap is easy to understand, but with few groups, or shares near 1, it is too
# narrow: of thirty right answers in thirty it makes "1.00 to 1.00". So the package uses
# formulas, and its docstrings say how often each was seen to cover.

# %% [markdown]
# ## Pairs
#
# Accuracy needs a threshold. **AUROC** needs none: take an image with pneumonia and a
# normal one at random; how often has the first the higher score? Lesson 02 counted it
# by sorting. Here we simply look at every pair.

# %%
positive, negative = scores[labels == 1][:, None], scores[labels == 0]
won = (positive > negative).mean() + 0.5 * (positive == negative).mean()
print(f"{positive.size * negative.size:,} pairs, of which won {won:.3f}")
auroc = evaluation.measure(answers, "AUROC")
print("both agree:", np.isclose(won, auroc.value))
print(f"AUROC {auroc}, baseline 0.50")

# %% [markdown]
# That looks far better than the accuracy. How can both be true? The network
# puts images nearly in the right *order*. But its *threshold* between normal and
# pneumonia lies in the wrong place for this test. The **ROC curve** shows sensitivity
# against 1 − specificity for every threshold; the dot is 0.5.

# %% alt="ROC curve, well above the diagonal; the dot at 0.5 has many false alarms."
_ = plots.plot_roc(answers, threshold=0.5, data_name=real)

# %% [markdown]
# ## The operating point
#
# A threshold is a choice, and choices are made on **validation**. The one chosen is the
# **operating point**: there a score becomes an answer. Say we want to find at least 95
# of 100 children with pneumonia. We take the highest threshold that does so on the
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
# Did the promise hold on the test? And how many more normal images are called normal?
# The threshold was one cause of the bad accuracy. It was not the only one: compare with
# the validation, from where the threshold came.

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
# When the network says 0.9, is it pneumonia in nine of ten? Whether scores can be read
# as probabilities is called **calibration**. Each dot gathers answers of about the same
# score. A dot below the line means: pneumonia is rarer there than the score says. The
# bars are 95 % confidence intervals; a dot of fewer than five groups has none.

# %% alt="Share with pneumonia by score; most dots lie below the diagonal."
_ = plots.plot_reliability(answers, data_name=real)

# %% [markdown]
# ## Another place, another meaning
#
# In this test more than half of the images show pneumonia. In a school it may be one
# child in a hundred. The share of positives among those who are asked is the
# **prevalence**. Keep sensitivity and specificity as they are. What does an alarm
# mean there? Guess the share of alarms that are right.

# %%
lesson.guess("PPV at one in a hundred", None, sure=None)

# %%
measured = evaluation.evaluate(answers, threshold=chosen)


def ppv(prevalence, of):
    true_alarms = measured.loc["sensitivity", of] * prevalence
    false_alarms = (1 - measured.loc["specificity", of]) * (1 - prevalence)
    return true_alarms / (true_alarms + false_alarms)


for prevalence in (labels.mean(), 0.1, 0.01):
    value, low, high = (ppv(prevalence, of) for of in ("value", "low", "high"))
    print(f"{prevalence:.2f} of them with pneumonia:", end=" ")
    print(f"PPV {value:.3f}, {low:.3f} to {high:.3f}, baseline {prevalence:.2f}")
lesson.keep_truth("PPV at one in a hundred", value, real)

# %% [markdown]
# Same network, same threshold. A PPV without its prevalence is half a number. These
# are computed, not counted. Their ranges come from both lower and both upper ends of
# sensitivity and specificity, so they hold the truth more often than in 95 of 100.
#
# ## Your own network
#
# Now everything at once, for a small network that you train here. The threshold comes
# from validation, the test is read once, and the reading is counted.

# %%
data.merge(here.root, progress=False).save(here.merge_folder)
folder = here.folder / "official"
run = training.train(here.merge_folder, "official", here.recipe, folder)
if run.note:
    print(run.note)

# %% tags=["nbval-ignore-output"]
valid, _ = training.score(folder, on="valid", progress=False)
chosen = evaluation.choose_threshold(
    valid["label"], valid["score"], min_sensitivity=0.95
)
test, n_readings = training.score(folder, on="test", progress=False)
mine = evaluation.evaluate(test, threshold=chosen)
print(f"threshold {chosen:.3f} from {len(valid)} validation images, reading {n_readings}")
print(*evaluation.describe(mine), sep="\n")

# %% alt="Eight measures as dots with their intervals, each beside its baseline."
_ = plots.plot_metrics(mine, data_name=here.data_name)

# %% [markdown]
# Lines are intervals, marks are baselines. A line that reaches its baseline says: so few
# children cannot tell this figure from its baseline. It does not say that the network
# sees nothing. An accuracy may lie at its baseline because the threshold is in the wrong
# place, while the AUROC shows that the order is good.
#
# Did the threshold keep its promise of 95 in 100? If not, two things may be behind it.
# It was chosen on few validation images, where one more or less moves it far. And the
# test is another block of images: under a distribution shift the same score may mean
# something else.
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
# Ask for 99 or for 80 of 100 children with pneumonia. What do the normal ones pay?

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
# - One confusion matrix gives four measures, and each tells another story.
# - An interval counts independent children, and a baseline says what nothing is worth.
# - Thresholds come from validation. Prevalence decides what an alarm means.
#
# Next: [06 · Explanation](06_explanation.ipynb) asks the network for its reasons.

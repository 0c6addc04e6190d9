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
# - read a confusion matrix, and put an interval on a share that counts children, not
#   images,
# - choose a threshold by a rule, without spending the test, and say how much luck is
#   in it,
# - tell whether scores can be read as probabilities, mend them, and say what an alarm
#   is worth elsewhere.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
from dataclasses import replace

import numpy as np
from scipy import stats

from xraylab import data, evaluation, plots, results, training
from xraylab.course import lesson
from xraylab.evaluation import calibration, decisions, subgroups, thresholds

here = lesson.start(5)

# %% [markdown]
# ## A real answer sheet
#
# To practise we use answers that are stored with this course. They come from **real
# images** (Kermany et al. 2018, as files of 224 px): the original's recipe, from scratch,
# on images made 64 px small, trained on the published training folder and asked about
# the published test. One row is one test file. And what would always saying "pneumonia"
# reach? That is the baseline.

# %%
name = "real-64px-official"
real = "real images, from scratch, 64 px"
answers = results.read_predictions(name)
labels, scores = answers["label"].to_numpy(), answers["score"].to_numpy()
print(f"{len(answers)} files, always pneumonia is right for {labels.mean():.3f}")
answers[["label", "score", "group_id"]].sample(4, random_state=1).round(3)

# %% [markdown]
# ## Four kinds of outcome
#
# We say "pneumonia" when a score is at or above 0.5. **Sensitivity** is the share of
# the pneumonia images that are called pneumonia, **specificity** the share of the
# normal images that are called normal. **PPV**, the positive predictive value, is the
# share of alarms that are right, **NPV** the share of all-clears that are right. What
# will this network's specificity be?

# %%
lesson.guess("official specificity", None, sure=None)

# %% alt="Confusion matrix, two by two: many normal images are called pneumonia."
counts = evaluation.confusion(labels, scores, threshold=0.5)
_ = plots.plot_confusion(counts, data_name=real)
shown = ["accuracy", "sensitivity", "specificity", "PPV", "NPV"]
print(*evaluation.describe(evaluation.evaluate(answers).loc[shown]), sep="\n")
found = evaluation.measure(answers, "specificity")
lesson.keep_truth("official specificity", found, real)

# %% [markdown]
# A single number, the accuracy, had hidden what happens to the normal images. All
# baselines but that of accuracy are those of a coin that says pneumonia as often as this
# network does.
#
# ### Your turn: specificity by hand
#
# Write a function that is given three things, an array of labels, 0 for normal and 1
# for pneumonia, an array of scores, and a threshold. It gives back the specificity.

# %% tags=["starter"]
def specificity(labels, scores, threshold):
    ...

lesson.check("specificity by hand", specificity)

# %% tags=["solution"]
def specificity(labels, scores, threshold):
    return (scores[labels == 0] < threshold).mean()

lesson.check("specificity by hand", specificity)

# %% [markdown]
# ### Your turn: the network that never looks
#
# One network says pneumonia to every image. Write a function that is given an array of
# labels, and gives back three shares: this network's accuracy, sensitivity and
# specificity.

# %% tags=["starter"]
def never_looks(labels):
    ...

lesson.check("the network that never looks", never_looks)

# %% tags=["solution"]
def never_looks(labels):
    return labels.mean(), 1, 0

lesson.check("the network that never looks", never_looks)

# %% [markdown]
# ## How far off by chance?
#
# Another test of the same size would have given another number. Wilson's confidence
# interval says which true shares fit what we have seen. It is a formula, so we can do
# it by hand. (The package takes a quantile of the t-distribution in place of 1.96,
# which matters when there are few.)
#
# The original's validation folder holds sixteen images. What if all are right?

# %%
def wilson(share, n, z=1.96):
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


right, n = (scores >= 0.5) == labels, len(answers)
accuracy = right.mean()
low, high = wilson(accuracy, n)
package = evaluation.share_interval(right)
print("both agree:", np.allclose((low, high), package[1:3], atol=1e-3))
print(f"{accuracy:.3f} of {n}: {low:.3f} to {high:.3f}")
print("16 of 16:     {:.3f} to {:.3f}".format(*wilson(1, 16)))

# %% [markdown]
# Does it keep its word? We invent a network whose true accuracy we know, test it a
# thousand times, and count how often the interval holds the truth: its **coverage**.
# First with thirty children of one image each. Then with thirty children of four
# images, all four right or all four wrong together. Once we count images, once
# **groups**, the images that may not be counted as independent. What do you expect?

# %%
true_share, rng = 0.8, np.random.default_rng(0)
children = np.repeat(np.arange(30), 4)


def coverage(n_images, groups):
    found = []
    for _ in range(1000):
        right = np.repeat(rng.random(30) < true_share, n_images)
        found.append(evaluation.share_interval(right, groups))
    return np.mean([each.low <= true_share <= each.high for each in found])


print(f"one image a child:                {coverage(1, None):.1%}")
print(f"four images, counting images:     {coverage(4, None):.1%}")
print(f"four images, counting children:   {coverage(4, children):.1%}")

# %% [markdown]
# Counted by images, the interval is far too sure of itself. So how many images is our
# real test worth? The **design effect** says how many times larger the variance of the
# accuracy is, summed child by child, than if each image were a child of its own.
# Divide n by it, and you have the **effective sample size**.

# %%
off = answers.assign(off=right - accuracy).groupby("group_id")["off"].sum()
n_groups = len(off)
variance = n_groups / (n_groups - 1) * (off**2).sum() / n**2
n_effective = n / (variance / (accuracy * (1 - accuracy) / n))
print(f"{n} files of {n_groups} groups are worth {n_effective:.0f} independent ones")
by_hand = wilson(accuracy, n_effective, stats.t.ppf(0.975, n_groups - 1))
package = evaluation.measure(answers, "accuracy")
print("both agree:", np.allclose(by_hand, package[1:3]))
print("accuracy", package)

# %% [markdown]
# ## Pairs
#
# **AUROC** needs no threshold: take an image with pneumonia and a normal one at random;
# how often has the first the higher score? Let us look at every pair. The **ROC curve**
# shows sensitivity against 1 − specificity for every threshold; the dot is 0.5. The area
# under it is the AUROC, hence the name.

# %% alt="ROC curve, well above the diagonal; the dot at 0.5 has many false alarms."
positive, negative = scores[labels == 1][:, None], scores[labels == 0]
won = (positive > negative).mean() + 0.5 * (positive == negative).mean()
auroc = evaluation.measure(answers, "AUROC")
print(f"{positive.size * negative.size:,} pairs, of which won {won:.3f}")
print(f"AUROC {auroc}, baseline 0.50, both agree:", np.isclose(won, auroc.value))
_ = plots.plot_roc(answers, threshold=0.5, data_name=real)

# %% [markdown]
# The order is far better than the answers. So let us look at the threshold between them.
#
# ## The operating point
#
# A threshold is a choice, and choices are made on **validation**. The one chosen is the
# **operating point**. We name the rule first: *the highest threshold that still finds
# 95 of 100 pneumonia images*. Then we look. Would other children have led to another
# threshold? We draw the validation children again, with repeats, and choose anew. This
# is the **bootstrap**. The package asks in another way: at which thresholds may the true
# sensitivity be 0.95, by the interval of each? How near do the two ranges come here?

# %%
rule = "sensitivity 0.95"
valid = results.read_predictions(name, on="valid")
point = thresholds.choose_operating_point(valid, rule)
places = valid.groupby("group_id").indices  # group -> its rows
chosen = []
for _ in range(300):
    drawn = rng.choice(list(places), len(places))
    again = valid.iloc[np.concatenate([places[group] for group in drawn])]
    falling = np.sort(again.loc[again["label"] == 1, "score"])[::-1]
    chosen.append(falling[int(np.ceil(0.95 * len(falling))) - 1])
print("by hand: {:.2f} to {:.2f}".format(*np.percentile(chosen, [2.5, 97.5])))
print("package:", point.threshold)

# %% [markdown]
# That is a wide range for one number, and no test image had a say in it. Now the test.
# Does the promise carry over?

# %%
def carry_over(point):
    at = point.threshold.value
    print(f'by the rule "{point.rule}": threshold {at:.3f}')
    for metric, promised in point.promised.items():
        moved = evaluation.difference(answers, valid, metric, threshold=at)
        print(f"  {metric}: promised {promised}")
        print(f"    found {evaluation.measure(answers, metric, threshold=at)}")
        print(f"    found minus promised {moved.figure}")


carry_over(point)

# %% [markdown]
# The rule is about sensitivity, and there no difference is shown. Specificity is
# another matter: higher than at 0.5, and still far from what validation had. So the
# threshold was one part of the trouble, and not all of it.
#
# ### Your turn: a mistake to mend
#
# Someone reports the accuracy on the test at *the best threshold*. The function is
# given two tables, `valid` and `test`, each with the columns `label` and `score`. It
# reports more than the network can do. Mend it.

# %% tags=["starter"]
def report(valid, test):
    def accuracy(table, threshold):
        return ((table["score"] >= threshold) == table["label"]).mean()

    best = max(test["score"], key=lambda score: accuracy(test, score))
    return accuracy(test, best)

lesson.check("an honest threshold", report)

# %% tags=["solution"]
def report(valid, test):
    def accuracy(table, threshold):
        return ((table["score"] >= threshold) == table["label"]).mean()

    best = max(valid["score"], key=lambda score: accuracy(valid, score))
    return accuracy(test, best)

lesson.check("an honest threshold", report)

# %% [markdown]
# ## Does 90 % mean 90 %?
#
# When the network says 0.9, is it pneumonia in nine of ten? Whether scores can be read
# as probabilities is called **calibration**. Some figures for it, and beside each what it
# would be *if calibrated*, were these very scores true:
#
# - **calibration intercept**: below 0, scores are too high on the whole; above, too low;
# - **calibration slope**: below 1, scores are too extreme;
# - **Brier score**: the mean squared distance of score and label;
# - **expected calibration error (ECE)**: the mean distance of the dots below from the
#   line, each dot counted by its images. Few images make one by chance, so the level of
#   chance stands beside it.

# %% alt="Share with pneumonia by score; most dots lie below the diagonal."
shown = ["intercept", "slope", "Brier", "ECE"]


def describe(rows):
    table = calibration.measure_calibration(rows).loc[shown]
    print(*calibration.describe_calibration(table), sep="\n")


for part, rows in {"validation": valid, "test": answers}.items():
    print(f"{part}: mean score {rows['score'].mean():.2f}", end=", ")
    print(f"share of pneumonia {rows['label'].mean():.2f}")
    describe(rows)
_ = plots.plot_reliability(answers, data_name=real)

# %% [markdown]
# On validation no fault on the whole is shown: 0 is in the interval of the intercept,
# which is wide, and the ECE is within chance. But the slope lies below 1, interval and all:
# even there the surest are too sure. On the test the scores are far too high as well.
# Calibration belongs to a place, like a threshold.
#
# To mend scores one needs labelled images *from that place*. We take half of the test's
# children as such, and judge on the other half. The logit of a score is the logit for
# pneumonia minus that for normal: from here on the word means this difference. Two ways
# are common. **Temperature scaling** multiplies
# all logits by one number, **Platt scaling** also adds a second one.

# %%
names = answers["group_id"].unique()
is_known = answers["group_id"].isin(rng.permutation(names)[: len(names) // 2])
known, other = answers[is_known], answers[~is_known]
mended = {"as they are": other}
for how in ("temperature", "platt"):
    change = calibration.recalibrate(known, how)
    mended[how] = other.assign(score=change.apply(other["score"]))
for how, rows in mended.items():
    print(f"\n{how}: AUROC {evaluation.measure(rows)}, baseline 0.50")
    describe(rows)

# %% [markdown]
# One number for all logits pulls every score towards 0.5, the far too high ones and the
# right ones alike, so its slope overshoots.
#
# ### Your turn: what does this show?
#
# Compare the three blocks. Which sentence do they license?
#
# - **a** Platt scaling made the network see pneumonia better.
# - **b** Temperature scaling failed since it was fitted on too few children.
# - **c** One number for all logits leaves 0.5 where it is. These scores had to move
#   across it.
# - **d** With Platt scaling, the scores are now right in any hospital.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("what temperature cannot mend", answer)

# %% tags=["solution"]
answer = "c"
lesson.check("what temperature cannot mend", answer)

# %% [markdown]
# ## Another place, another meaning
#
# In this test more than half of the images show pneumonia. In a school it may be one
# child in a hundred. The share of positives among those who are asked is the
# **prevalence**. Keep sensitivity and specificity as they are at our operating point.
# What share of the alarms is right at one in a hundred?

# %%
lesson.guess("PPV at one in a hundred", None, sure=None)

# %% alt="PPV climbs steeply with prevalence, NPV falls slowly."
by_prevalence = decisions.predictive_values(answers, threshold=point.threshold.value)
_ = plots.plot_predictive_values(by_prevalence, data_name=real)
first = by_prevalence.query("metric == 'PPV'").iloc[0]
found = evaluation.Interval(*first[list(evaluation.Interval._fields)])
print(f"at a prevalence of {first['prevalence']}: PPV {found}")
lesson.keep_truth("PPV at one in a hundred", found, real)

# %% [markdown]
# Same network, same threshold. A PPV without its prevalence is half a number. And that
# sensitivity and specificity stay as they are was taken for granted. Where illness is
# milder, or other illnesses look like it, they may be others: **spectrum bias**. Each
# image of this set is called normal or pneumonia, so it cannot tell.
#
# ### Your turn: PPV by hand
#
# Write a function that is given sensitivity, specificity and prevalence, and gives back
# the PPV. All four are shares from 0 to 1. It helps to think of a thousand children.

# %% tags=["starter"]
def ppv(sensitivity, specificity, prevalence):
    ...

lesson.check("PPV by hand", ppv)

# %% tags=["solution"]
def ppv(sensitivity, specificity, prevalence):
    right_alarms = sensitivity * prevalence
    false_alarms = (1 - specificity) * (1 - prevalence)
    return right_alarms / (right_alarms + false_alarms)

lesson.check("PPV by hand", ppv)

# %% [markdown]
# ## Is it worth having?
#
# Whoever acts from a chance of 20 % on says: one missed pneumonia is as bad as four
# false alarms. The **decision curve** shows what is left when both are weighed, the
# **net benefit**, at every such threshold, beside acting on all and acting on none. It
# takes scores at their word, so we draw it before and after they were mended.

# %% alt="Two decision curves. As they are, net benefit falls below zero at high thresholds; mended, it stays above."
curves = {how: decisions.decision_curve(mended[how]) for how in ("as they are", "platt")}
_ = plots.plot_decision_curve(curves, data_name=real)

# %% [markdown]
# The higher a line, the more is left. Below the dotted line at zero one does better to
# act on nobody. Scores that are too high, taken at their word, get there: they raise
# alarms that cost more than they bring.
#
# ## For whom?
#
# One figure for all may hide a **subgroup**. The names of these files tell which germ
# it was, and from which of two series a normal image comes.

# %%
kinds = answers.assign(kind=[data.read_name(path)[0] for path in answers["path"]])
parts = subgroups.measure_subgroups(kinds, ["kind"], threshold=point.threshold.value)
print(*subgroups.describe_subgroups(parts), sep="\n")

# %% [markdown]
# Do two of these intervals lie apart? Where they overlap, there may be a difference all
# the same: that asks for the interval of the difference. And remember that we looked at
# several: the more one looks, the more often one is surprised by chance. *Why* a
# subgroup differs is not in this table.
#
# ## On another split
#
# Our answer sheet is one of several. The same recipe was also trained and tested on
# another split of the same images. For each the rule chose on its own validation.

# %%
for protocol in ("grouped", "official"):
    stored = f"real-64px-{protocol}"
    at = thresholds.choose_operating_point(
        results.read_predictions(stored, on="valid"), rule
    ).threshold
    read = results.read_predictions(stored)
    spared = evaluation.measure(read, "specificity", threshold=at.value)
    print(f"{protocol}: threshold {at.figure}, specificity {spared}")
    off = calibration.measure_calibration(read).loc[["intercept"]]
    print("  ", *calibration.describe_calibration(off))

# %% [markdown]
# The first test was drawn at random, child by child, from where training and validation
# came from. The second is a block of its own. Lesson 08 takes that apart.
#
# ## Your own network
#
# Now everything at once, for a small network that you train here. The operating point is
# stored in the run with its rule, so that whoever answers with it later uses it. Then
# the test is read, and the reading is counted. After that the run refuses another
# choice.

# %%
data.merge(here.root, progress=False).save(here.merge_folder)
folder = here.folder / "official-chosen"
own = replace(here.recipe, seed=1)  # no other lesson reads the test with this one
run = training.train(here.merge_folder, "official", own, folder)
print(f"trained for {run.recipe.epochs} epochs")

# %% tags=["nbval-ignore-output"]
if "promised" not in run.operating_point:  # else it was chosen and stored before
    own_valid, _ = training.score(folder, on="valid", progress=False)
    chosen = thresholds.choose_operating_point(own_valid, rule).as_dict()
    run = training.keep_operating_point(folder, chosen.pop("value"), **chosen)
test, n_readings = training.score(folder, on="test", progress=False)
mine = evaluation.evaluate(test, threshold=run.threshold)
print(f'threshold {run.threshold:.3f}, by the rule "{run.rule}"; test reading {n_readings}')
print(*evaluation.describe(mine.drop("average_precision")), sep="\n")

# %% [markdown]
# Hold the sensitivity against the 0.95 of the rule: did it carry over? Where an interval
# reaches its baseline, so few children cannot tell the two apart. That does not say that
# the network sees nothing.
#
# ## What this shows, and what it does not
#
# - An interval covers the luck of *which children came*. It does not cover another
#   hospital, another machine, or labels that are wrong.
# - One training is one seed. Lesson 04 showed how far seeds differ.
# - Scores that are calibrated here need not be so elsewhere.
#
# ## Change one thing
#
# Put `"sensitivity 0.99"`, `"specificity 0.90"` or `"youden"` for the rule. Who gains,
# and who pays? (On real work the rule stands before anybody looks.)

# %%
carry_over(thresholds.choose_operating_point(valid, "sensitivity 0.95"))

# %% [markdown]
# ## What you take along
#
# - One confusion matrix gives several measures, and an interval counts children.
# - A threshold comes from validation, by a rule named beforehand, with its luck shown.
# - Scores are probabilities only where somebody has checked, and prevalence decides
#   what an alarm means.
#
# Next: [06 · Explanation](06_explanation.ipynb) asks the network for its reasons.

# %% [markdown]
# # 09 · Your turn
#
# **Question: what can you claim?**
#
# In this lesson nobody shows you how. You change three things in the training, choose
# one of the networks, read the test once, and write down what you may say. The cells
# run as they stand, so watch them once if you like. Then make them yours.
#
# Afterwards you can
#
# - choose between networks without asking the test,
# - say how much of a gain may be luck,
# - write a claim about your own network that others can check.
#
# > Not for clinical use. This course teaches how to judge a model. Nothing in it
# > may be used to decide about a person's health.

# %%
from dataclasses import replace

import pandas as pd

from xraylab import claim, data, evaluation, plots, training
from xraylab.course import lesson

here = lesson.start(9)

# %% [markdown]
# ## Three changes
#
# Here is the recipe, and three changes of it. Put your own in their place: any field of
# the recipe may change, and more than one at a time, if you say so in the name.

# %%
base = here.recipe
vars(base)

# %%
changes = {
    "as it is": {},
    "no flip": {"flip": False},
    "less dropout": {"dropout": 0.1},
    "cosine": {"schedule": "cosine"},
}

# %% [markdown]
# ### Your turn: balance where you learn
#
# A favourite change is to repeat images of the smaller class until both classes have as
# many. Someone did it for the whole table, before training: columns `path`, `label` and
# `split` ("train", "valid" or "test"), a row for each image. Mend it, and throw no
# image away.

# %% tags=["starter"]
def balance(table):
    n_each = table["label"].value_counts().max()
    return table.groupby("label").sample(n_each, replace=True, random_state=0)

lesson.check("balance where you learn", balance)

# %% tags=["solution"]
def balance(table):
    train = table[table["split"] == "train"]
    n = train["label"].value_counts()
    smaller = train[train["label"] == n.idxmin()]
    more = smaller.sample(n.max() - n.min(), replace=True, random_state=0)
    return pd.concat([table, more])

lesson.check("balance where you learn", balance)

# %% [markdown]
# Back to your changes. One network each, on the published split. Children of the
# training set stand in no other part, and the published test is a block of its own.
# Each recipe trains in a folder of its own, so change what you like and run again.

# %% tags=["nbval-ignore-output"]
data.merge(here.root, progress=False).save(here.merge_folder)
folders, given = {}, vars(here.recipe)
for name, change in changes.items():
    recipe = replace(base, **change)
    own = [f"{field}-{v}" for field, v in vars(recipe).items() if v != given[field]]
    folders[name] = here.folder / ("-".join(own) or "as-it-is")
    training.train(here.merge_folder, "official", recipe, folders[name])
    print(f"{name}: trained for {recipe.epochs} epochs")

# %% [markdown]
# ## The choice
#
# The validation set is there for choosing. Each network answers for the same children
# there, so their scores can be compared in pairs. The rule: the highest AUROC, and of
# equals the smaller Brier score.

# %% tags=["nbval-ignore-output"]
valid = {
    name: training.score(folder, on="valid", progress=False)[0]
    for name, folder in folders.items()
}
columns = ["value", "low", "high", "baseline", "n", "n_groups"]
table = pd.DataFrame(
    {name: evaluation.evaluate(rows).loc["AUROC"] for name, rows in valid.items()}
).T[columns].infer_objects()
table.round(3)

# %% alt="AUROC of four networks on the validation set, each with its interval."
_ = plots.plot_metrics(table, data_name=f"AUROC, {here.data_name}, validation")

# %% [markdown]
# ### Your turn: choose, then look once
#
# `names` are the networks. `read_valid(name)` and `read_test(name)` each give the score
# of one of them. Someone wrote the search below. Mend it, so that it gives the
# name of the chosen network and its score on the test, and asks the test only once.

# %% tags=["starter"]
def search(names, read_valid, read_test):
    scores = {name: read_test(name) for name in names}
    best = max(scores, key=scores.get)
    return best, scores[best]

lesson.check("choose, then look once", search)

# %% tags=["solution"]
def search(names, read_valid, read_test):
    best = max(names, key=read_valid)
    return best, read_test(best)

lesson.check("choose, then look once", search)

# %% tags=["nbval-ignore-output"]
def brier(rows):
    return ((rows["score"] - rows["label"]) ** 2).mean()


highest = table["value"]
tied = list(highest.index[highest == highest.max()])
chosen = min(tied, key=lambda name: brier(valid[name]))
print("Highest AUROC on validation:", ", ".join(tied))
print("Chosen, by the smaller Brier score where several are highest:", chosen)

# %% [markdown]
# With so few children several networks may be highest together, and even an AUROC of
# 1.000 has a wide interval: it says little about mistakes that are rare. So the rule for
# a tie stood before we looked. Where all are tied, these children cannot tell the
# networks apart, and the choice is little more than a lot that was drawn.
#
# ### Your turn: all right, but how many?
#
# The original's validation folder holds sixteen images, and a network gets all sixteen
# right. Write a function that is given such an n, and gives the true share with
# which a network gets all n right in 2.5 of 100 such trials. Each image is a child of
# its own. Lower shares than this do not fit well with what was seen.

# %% tags=["starter"]
def lowest_share(n):
    ...

lesson.check("all right, but how many", lowest_share)

# %% tags=["solution"]
def lowest_share(n):
    return 0.025 ** (1 / n)

lesson.check("all right, but how many", lowest_share)

# %% [markdown]
# ## Luck
#
# How much better is it than the others, on the same children?

# %% tags=["nbval-ignore-output"]
for name in changes:
    if name != chosen:
        found = evaluation.difference(valid[chosen], valid[name], "AUROC")
        print(f"{chosen}, against {name}: {found}")

# %% [markdown]
# ### Your turn: four networks, one luck
#
# Suppose all four networks were equally good, and none of them perfect. Their scores on
# a few hundred children would differ all the same, by luck. You choose the highest. What
# will its score on fresh children be, as a rule?
#
# - **a** the same as on validation,
# - **b** lower than on validation,
# - **c** higher than on validation,
# - **d** as far off as on validation, but in the other direction.

# %% tags=["starter"]
answer = None  # a letter in quotes, such as "a"
lesson.check("four networks, one luck", answer)

# %% tags=["solution"]
answer = "b"
lesson.check("four networks, one luck", answer)

# %% [markdown]
# ## One reading
#
# Which AUROC will your network reach on the published test? Write it down before you
# look, with the validation score in mind, and how sure you are to come within the
# margin.

# %%
lesson.guess("your AUROC", None, sure=None)

# %% [markdown]
# Now read the test. Once. The reading is logged, and its number belongs to the claim.

# %% tags=["nbval-ignore-output"]
test, n_readings = training.score(folders[chosen], on="test", progress=False)
metrics = evaluation.evaluate(test)
print(*evaluation.describe(metrics.loc[["AUROC", "sensitivity", "specificity"]]), sep="\n")
lesson.keep_truth("your AUROC", metrics.loc["AUROC", "value"], here.data_name)

# %% [markdown]
# Hold it against the score on validation. A test that is lower may be so because we chose
# the best of four, because so few children judged, or because the published test is a
# block of its own. One run cannot say which. So the claim is about this number only.
#
# ## Your claim
#
# ### Your turn: a sentence that can be checked
#
# Write a function that makes a sentence of a score: its name, value, interval, count,
# groups and baseline. Any wording will do. A stranger should find each of the numbers.

# %% tags=["starter"]
def in_words(name, value, low, high, n, n_groups, baseline):
    ...

lesson.check("a sentence that can be checked", in_words)

# %% tags=["solution"]
def in_words(name, value, low, high, n, n_groups, baseline):
    return (
        f"{name} {value:.3f} (95 % interval {low:.3f} to {high:.3f}), on {n} images of "
        f"{n_groups} groups; without looking one reaches {baseline:.2f}"
    )

lesson.check("a sentence that can be checked", in_words)

# %% [markdown]
# And the whole of it, in the form of lesson 08. Change the last line to what **your**
# work leaves open.

# %% tags=["nbval-ignore-output"]
print("Data:     ", here.data_name)
changed = ", ".join(f"{field} {v}" for field, v in changes[chosen].items()) or "nothing"
print("Training: ", base.model, f"{base.size_px} px, one seed, changed: {changed}")
print("Chosen:   ", f'"{chosen}", of {len(changes)}, by AUROC, then Brier, on validation')
print("Test:     ", "published folder, read", n_readings, "time(s) for these images")
print("Measured: ", evaluation.describe(metrics.loc[["AUROC"]])[0])
print("Not shown:", "other hospitals, other seeds, other children, any use in a clinic")

# %% [markdown]
# The card asks the same of your run, and more. Here is which of its fields are filled.

# %% tags=["nbval-ignore-output"]
card = claim.make_claim(folders[chosen]).table
card[["field", "here"]].set_index("field")

# %% [markdown]
# ## How sure were you?
#
# All your guesses with a confidence, from all lessons, judged as the networks were.

# %%
own = lesson.judge_guesses()
print(lesson.describe_own(own))
if len(own):
    share = "share of guesses that were right"
    _ = plots.plot_reliability(own, 5, share=share, data_name="your own guesses")

# %% [markdown]
# ## What you take along
#
# - Choose on validation. Then the test has an opinion of its own.
# - The best of several is partly the luckiest, so expect less of it.
# - Say what you did, how often you looked, and what you do not know.
#
# Try it on real images next: `data/README.md` of the repository says where they are. And
# if your number is 96 %, you now know what to ask it.

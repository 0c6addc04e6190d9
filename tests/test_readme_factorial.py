"""What the README says of the factorial follows from its units."""

import json
import re
from pathlib import Path

import pandas as pd

from xraylab import evaluation, results

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")

TRAININGS = {
    "block": "the block's other half",
    "siblings": "other images of the judged children",
    "copies": "copies of nine in ten judged images",
    "all": "all three",
}


DESIGNS = {
    "ImageNet": "imagenet-approx (stand-in)",
    "from scratch": "none",
}


def read_design(words):
    """The accuracies and effects of one weights, at 1,450 steps."""
    table = results.read_table("factorial")
    table = table[table["result"] == f"factorial, weights {DESIGNS[words]}, 1450 steps"]
    return table.set_index(["test", "what"])


def read_kept():
    file = Path(results.__file__).parent / "factorial/effects.json"
    return json.loads(file.read_text("utf-8"))


def as_interval(row):
    return evaluation.Interval(row.value, row.low, row.high, row.n, row.n_groups)


def test_what_the_factorial_has_so_far_follows_from_its_units():
    text = re.sub(r"\s+", " ", README)
    places = [(test, words) for test in ("O", "R") for words in DESIGNS]
    tables = {words: read_design(words) for words in DESIGNS}
    heads = ["Training", *(f"On {test}, {words}" for test, words in places)]
    assert f"| {' | '.join(heads)} |" in README
    clean = [as_interval(tables[w].loc[t, "clean"]).figure for t, w in places]
    assert f"| clean: accuracy | {' | '.join(clean)} |" in README
    for cell, words in TRAININGS.items():
        told = [f"{words}: more than clean"]
        for test, design in places:
            row = tables[design].loc[test, f"{cell} - clean"]
            mark = "" if row.verdict == row.verdict_few else "*"
            told.append(f"{as_interval(row).figure}, {row.verdict}{mark}")
        assert f"| {' | '.join(told)} |" in README
    for test, begins in (
        ("O", "O from the block"),
        ("R", "R from"),
    ):
        counts = {as_interval(t.loc[test, "clean"]).counts for t in tables.values()}
        assert len(counts) == 1
        baseline = tables["ImageNet"].loc[(test, "clean"), "baseline"]
        said = rf"{begins}[^;]*, {counts.pop()}, baseline {baseline:.2f}"
        assert re.search(said, text), test
    falls = [as_interval(t.loc["R, O", "clean, R - O"]).figure for t in tables.values()]
    assert f"lower by {falls[0]} with ImageNet weights and by {falls[1]} from" in text


def test_what_is_called_settled_in_the_readme_is():
    for words in DESIGNS:
        table = read_design(words)
        assert (table["seeds_per_image"] >= 2).all()
        on_o = table.loc["O"]["verdict"]
        assert on_o[on_o == "settled"].index.tolist() == [
            f"{cell} - clean" for cell in ("block", "copies", "all")
        ]
        assert on_o["siblings - clean"] == "not settled"
        assert table.loc[("R", "clean"), "low"] > 0.96


def test_which_verdicts_another_interval_changes_is_told():
    text = re.sub(r"\s+", " ", README)
    verdicts = pd.DataFrame(read_kept()["figures"]).dropna(subset="verdict")
    verdicts = verdicts[verdicts["n_steps"] == 1450]
    other = verdicts[verdicts["verdict"] != verdicts["verdict_few"]]
    assert set(other["what"]) == {"copies - clean"}
    said = {
        (
            row.weights,
            row.test,
        ): f"{row.verdict_few_low:.3f} to {row.verdict_few_high:.3f}"
        for row in other.itertuples()
    }
    scratch, given = DESIGNS["from scratch"], DESIGNS["ImageNet"]
    assert (
        f"*not settled* on O from scratch ({said.pop((scratch, 'O'))}) and on R from "
        f"ImageNet weights ({said.pop((given, 'R'))}), *settled as small* on R from "
        f"scratch ({said.pop((scratch, 'R'))}). The other thirteen verdicts stay."
    ) in text
    assert not said
    assert len(verdicts) == 16
    on_r = verdicts[verdicts["test"] == "R"]
    assert (on_r["value"].abs() < 0.01).all()
    assert (on_r["verdict"] == "settled as small").sum() == 6


def test_how_often_the_intervals_of_the_factorial_hold_the_truth_is_told():
    text = re.sub(r"\s+", " ", README)
    file = REPOSITORY / "benchmarks/results/factorial_coverage.json"
    rows = json.loads(file.read_text("utf-8"))["rows"]
    held = {
        row["ratio"]: row["plan's, 95 %"] for row in rows if "as on O" in row["design"]
    }
    told = (
        f"in {held[1]:.0%} on O, where trainings differ by as much as the images make "
    )
    told += f"a figure uncertain; where by four times as much, in {held[4]:.0%}."
    assert told.replace("%", " %") in text


def read_secondary(n_steps=1450):
    """Give the figure of a weights, test, contrast and metric, on all images."""
    effects = pd.DataFrame(read_kept()["figures"])
    effects = effects[effects["exposed"].isna() & (effects["n_steps"] == n_steps)]
    effects = effects.set_index(["weights", "test", "what", "metric"])
    return lambda words, *key: as_interval(effects.loc[DESIGNS.get(words, words), *key])


def test_how_many_units_have_run_and_how_far_the_clean_trainings_fall_is_told():
    text, kept, tell = re.sub(r"\s+", " ", README), read_kept(), read_secondary()
    assert kept["n_units"] == 52
    assert "All of its 52 trainings are read: four seeds of each kind" in text
    for row in kept["figures"]:
        assert len(row["seeds"]) == 4
    shift = ("R, O", "clean, R - O")
    given, scratch = (
        {m: tell(w, *shift, m) for m in ("sensitivity", "specificity", "AUROC")}
        for w in DESIGNS
    )
    for metric in ("specificity", "AUROC"):
        told = f"{metric} is lower by {given[metric]}, and by {scratch[metric]}"
        assert told in text
    higher, not_shown = (
        found._replace(value=-found.value, low=-found.high, high=-found.low)
        for found in (given["sensitivity"], scratch["sensitivity"])
    )
    assert f"sensitivity is higher by {higher}, and" in text
    assert higher.low > 0 > not_shown.low
    assert f"no difference is shown, {not_shown}." in text


def test_what_the_block_brings_back_and_what_weights_change_is_told():
    text, tell = re.sub(r"\s+", " ", README), read_secondary()
    for words in DESIGNS:
        back = [
            tell(words, "O", f"{cell} - clean", "specificity")
            for cell in ("block", "copies", "all")
        ]
        assert "{}, {} and {}".format(*(found.figure for found in back)) in text
        assert {found.counts for found in back} == {"n = 227, 224 groups"}
        for cell in TRAININGS:
            found = tell(words, "O", f"{cell} - clean", "sensitivity")
            assert found.low <= 0 <= found.high
    given, scratch = (tell(w, "O", "copies - block", "accuracy") for w in DESIGNS)
    assert f"is {given.figure}, and {scratch.figure} from scratch." in text
    beyond = {
        (test, cell): tell("both", test, f"{cell} - clean, none - ImageNet", "accuracy")
        for test in ("O", "R")
        for cell in TRAININGS
    }
    assert f"less on O from scratch, {beyond.pop(('O', 'all')).figure}." in text
    assert all(found.low < 0 < found.high for found in beyond.values())


def test_what_four_times_the_steps_change_is_told():
    text, tell = re.sub(r"\s+", " ", README), read_secondary(5800)
    table = results.read_table("factorial")
    design = f"factorial, weights {DESIGNS['ImageNet']}, 5800 steps"
    table = table[table["result"] == design].set_index(["test", "what"])
    clean = [as_interval(table.loc[test, "clean"]).figure for test in "OR"]
    assert f"| clean: accuracy | {' | '.join(clean)} |" in README
    for cell in ("copies", "all"):
        told = [f"{TRAININGS[cell]}: more than clean"]
        for test in "OR":
            row = table.loc[test, f"{cell} - clean"]
            assert row.verdict == row.verdict_few == "settled"
            told.append(f"{as_interval(row).figure}, {row.verdict}")
        assert f"| {' | '.join(told)} |" in README

    def beyond(test):
        cells = (f"{cell} - clean, long - short" for cell in ("copies", "all"))
        return [tell("ImageNet", test, what, "accuracy").figure for what in cells]

    told = "it is {} and {} on R, {} and {} on O (secondary)."
    assert told.format(*beyond("R"), *beyond("O")) in text
    reached, before = (
        tell("ImageNet", "O", c, "accuracy") for c in ("copies", "clean")
    )
    assert f"number**: accuracy {reached}, baseline 0.55." in text
    assert f"Without them the same recipe has {before}." in text
    shift = ("ImageNet", "R, O", "clean, R - O")
    told = "lower on O than on R**, by {}; in specificity by {}."
    assert told.format(*(tell(*shift, m) for m in ("accuracy", "specificity"))) in text


def test_how_many_judged_images_have_another_of_the_child_is_as_cut():
    folder = Path(results.__file__).parent / "factorial"
    files = [folder / f"clean-imagenet-approx-1450-seed{seed}.csv" for seed in (0, 1)]
    judged = pd.concat([pd.read_csv(file) for file in files])
    judged = judged.drop_duplicates(["test", "path"])
    n = judged[judged["has_sibling"] == 1].groupby("test").size()
    text = re.sub(r"\s+", " ", README)
    assert f"{n['O']} on O and {n['R']} on R have another image of the child" in text

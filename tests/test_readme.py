"""The README says what is true: measured figures, lessons, verbs and links."""

import itertools
import json
import re
import shlex
import socket
from pathlib import Path

import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import cli, course, data, evaluation, results
from xraylab.course import checks

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")


@pytest.mark.parametrize("protocol", data.PROTOCOLS)
def test_figures_are_those_of_the_results(protocol):
    name = f"real-64px-{protocol}"
    metrics = results.read_result(name)["metrics"]
    columns = ("accuracy", "sensitivity", "specificity", "AUROC")
    figures = [results.read_figure(name, metric) for metric in columns]
    cells = [f"{f.figure}<br>n = {f.n:,}, {f.n_groups:,} groups" for f in figures]
    cells.insert(1, f"{metrics['accuracy']['baseline']:.2f}")
    first = f"`{protocol}`: {data.PROTOCOLS[protocol]}"
    assert f"| {' | '.join([first, *cells])} |" in README


def test_how_often_each_test_was_read_is_that_of_the_results():
    text = re.sub(r"\s+", " ", README)
    n = {
        protocol: results.read_result(f"real-64px-{protocol}")["n_test_readings"]
        for protocol in data.PROTOCOLS
    }
    assert f"published test had been read about {n.pop('official')} times when" in text
    assert set(n.values()) == {1}
    assert "the other three tests once" in text


def test_what_the_figures_license_follows_from_the_answers():
    text = re.sub(r"\s+", " ", README)
    naive, grouped, official = (
        results.read_predictions(f"real-64px-{name}")
        for name in ("naive-merge", "grouped", "official")
    )
    fall = evaluation.difference(naive, grouped, "accuracy")
    assert f"accuracy is lower by {fall}, which is the smaller" in text
    both = set(grouped["image_id"]) & set(official["image_id"])
    first, second = (
        table[table["image_id"].isin(both)].drop_duplicates("image_id")
        for table in (grouped, official)
    )
    assert f"{len(both)} of its images were in the test of `grouped` too" in text
    assert f"`grouped` too, {first['label'].mean():.0%} with pneumonia" in text.replace(
        " %", "%"
    )
    for table in (first, second):
        assert str(evaluation.measure(table, "accuracy")) in text
    row = results.read_result("real-64px-naive-merge")["metrics_unseen"]["accuracy"]
    unseen = evaluation.Interval(*(row[key] for key in evaluation.Interval._fields))
    assert f"it has accuracy {unseen}, baseline {row['baseline']:.2f};" in text
    assert f"Of the test files of `naive-merge` {row['n']} are of children" in text
    paired = evaluation.difference(first, second, "accuracy")
    assert f"the difference is {paired}." in text


def test_what_is_said_of_another_hospital_follows_from_the_answers():
    text = re.sub(r"\s+", " ", README)
    asked = [
        name
        for name in results.list_results()["name"]
        if "external" in results.read_result(name)
    ]
    assert len(asked) >= 3
    for result in asked:
        answers = results.read_predictions(result, "external")
        said = {n: evaluation.measure(answers, n) for n in ("AUROC", "accuracy")}
        assert f"AUROC {said['AUROC']}, and accuracy {said['accuracy']}" in text
        assert said["AUROC"].low < 0.5  # none is shown to be better than chance
    assert "These are MOSTLY ADULTS, and their labels are TEXT-MINED" in text
    for name in results.list_tables()["name"]:
        assert f"{name.rsplit('-', 1)[-1]}`" in text


def test_what_is_said_of_a_hidden_middle_follows_from_the_doses():
    text = re.sub(r"\s+", " ", README)
    table = results.read_table("real-64px-doses")
    rows = table[(table["on"] == "validation") & (table["figure"] == "AUROC")]
    rows = rows.set_index(["result", "perturbation", "dose"])
    columns = list(evaluation.Interval._fields)
    for protocol in ("official", "grouped"):
        name = f"real-64px-{protocol}"
        found = {
            key: evaluation.Interval(*rows.loc[(name, *key), columns])
            for key in (("lungs hidden", 0), ("lungs hidden", 1), ("outside hidden", 1))
        }
        before, hidden, outside = found.values()
        told = f"has AUROC {hidden}" if protocol == "official" else f"has {hidden}"
        assert f"`{protocol}` {told}, where it has {before.figure}" in text or (
            f"`{protocol}` then {told}, where it has {before.figure}" in text
        )
        assert outside.figure in text
    assert "No lungs are marked on real images" in text


WAYS = {
    "none": "nothing",
    "weights": "class weights",
    "sampler": "balanced sampler",
    "threshold": "moved threshold",
}


def test_what_is_done_about_the_imbalance_follows_from_its_units():
    table = results.read_table("imbalance")
    table = table[table["metric"] == "balanced_accuracy"].set_index("what")

    def tell(what):
        row = table.loc[what]
        return evaluation.Interval(row.value, row.low, row.high, row.n, row.n_groups)

    for way, words in WAYS.items():
        cells = [words, tell(way).figure]
        for other in ("none", "threshold"):
            key = f"{way} - {other}"
            is_asked = key in table.index
            verdict = table.loc[key, "verdict"] if is_asked else ""
            cells.append(f"{tell(key).figure}, {verdict}" if is_asked else "")
        assert f"| {' | '.join(cells)} |" in README
    assert f"n = {tell('none').n:,}, {tell('none').n_groups} groups |" in README
    moved = results.read_table("imbalance").query("what == 'threshold - none'")
    text = re.sub(r"\s+", " ", README)
    for row in moved[moved["metric"] != "balanced_accuracy"].itertuples():
        found = evaluation.Interval(row.value, row.low, row.high, row.n, row.n_groups)
        assert row.metric == "AUROC" or f"{row.metric}, {found}" in text
    verdicts = table["verdict"].value_counts()
    assert verdicts[["settled as small", "not settled"]].tolist() == [4, 1]
    assert set(table["seeds"]) == {"0 1 2"}


WRITTEN = {
    protocol: f"real-224px-{protocol}"
    for protocol in data.PROTOCOLS
    if f"real-224px-{protocol}" in set(results.list_results()["name"])
}


@pytest.mark.parametrize("protocol", WRITTEN)
@pytest.mark.parametrize("on", ["valid", "test"])
def test_the_original_as_written_follows_from_its_answers(protocol, on):
    table = evaluation.evaluate(results.read_predictions(WRITTEN[protocol], on))
    rows = table.loc[["accuracy", "sensitivity", "specificity", "AUROC"]]
    figures = [
        evaluation.Interval(*(row[key] for key in evaluation.Interval._fields))
        for row in rows.to_dict("records")
    ]
    cells = [f"{f.figure}<br>n = {f.n:,}, {f.n_groups:,} groups" for f in figures]
    cells.insert(1, f"{table.loc['accuracy', 'baseline']:.2f}")
    n = results.read_result(WRITTEN[protocol])["n_test_readings"]
    part = "validation" if on == "valid" else f"test, reading {n}"
    assert f"| `{protocol}` | {part} | {' | '.join(cells)} |" in README


@pytest.mark.parametrize("size", ["64px", "224px"])
def test_two_networks_answer_for_the_same_images(size):
    text = re.sub(r"\s+", " ", README)
    grouped, official = (
        results.read_predictions(f"real-{size}-{p}") for p in ("grouped", "official")
    )
    both = set(grouped["image_id"]) & set(official["image_id"])
    first, second = (t[t["image_id"].isin(both)] for t in (grouped, official))
    second = second.drop_duplicates("image_id")
    assert len(first) == len(second) == len(both) == 127
    for table in (first, second):
        assert evaluation.measure(table, "accuracy").figure in text
    fall = evaluation.difference(first, second, "accuracy")
    assert f"difference {fall.figure}" in text.replace("difference is ", "difference ")
    if size == "224px":
        assert fall.low < 0 < fall.high
        rest = grouped[~grouped["image_id"].isin(both)]
        more = evaluation.difference(rest, first, "accuracy").figure
        counts = evaluation.measure(rest, "accuracy").counts
        baseline = f"baseline {rest['label'].mean():.2f}"
        said = f"less on them than on the rest of its own test, {counts}, {baseline}."
        assert f"has {more} {said}" in text
        less = evaluation.difference(rest, first, "specificity").figure
        n_normal = [int((table["label"] == 0).sum()) for table in (first, rest)]
        counts = "n = {} against {} images".format(*n_normal)
        assert f"specificity: less by {less}, {counts}." in text


def test_how_far_the_tests_overlap_and_how_long_each_training_was_is_told():
    text = re.sub(r"\s+", " ", README)
    images = {
        protocol: set(results.read_predictions(f"real-64px-{protocol}")["image_id"])
        for protocol in data.PROTOCOLS
    }
    published = images.pop("official")
    naive, by_image, grouped = (len(published & there) for there in images.values())
    assert (
        f"of the {len(published)} different images of the published one {naive} are in "
        f"that of `naive-merge`, {by_image} in that of `image-random` and {grouped} in "
        "that of `grouped`"
    ) in text
    naive, by_image, grouped, official = (
        results.read_result(name)["history"][-1]["step"] for name in WRITTEN.values()
    )
    assert by_image == grouped
    assert (
        f"{naive:,} steps for `naive-merge`, {grouped:,} for `image-random` and "
        f"`grouped`, {official:,} for `official`"
    ) in text
    tables = results.read_figure(
        "real-224px-probes", "class, table_sum alone, full-size files"
    )
    assert f"AUROC {tables}, baseline 0.50" in text


def test_what_is_said_of_the_original_as_written_follows_from_its_answers():
    text = re.sub(r"\s+", " ", README)
    for protocol, name in WRITTEN.items():
        accuracy = results.read_figure(name, "accuracy")
        valid = results.read_predictions(name, "valid")
        on_valid = evaluation.measure(valid, "accuracy")
        assert on_valid.high > 0.96
        assert (accuracy.high > 0.96) == (protocol != "official")
        both = [results.read_predictions(n) for n in (name, f"real-64px-{protocol}")]
        for metric in ("accuracy", "AUROC"):
            more = evaluation.difference(*both, metric)
            assert more.figure in text, (protocol, metric)
    answers = {p: results.read_predictions(name) for p, name in WRITTEN.items()}
    for pair in itertools.pairwise(data.PROTOCOLS):
        fall = evaluation.difference(*(answers[p] for p in pair), "accuracy")
        is_shown = fall.low > 0
        assert f"{'by' if is_shown else 'is shown,'} {fall}" in text, pair
    naive = results.read_result(WRITTEN["naive-merge"])
    wrong = naive["confusion"]["fp"] + naive["confusion"]["fn"]
    assert f"is passed: {wrong} of {naive['n_test']:,} answers are wrong" in text
    assert results.read_figure(naive["name"], "accuracy").low > 0.96
    row = naive["metrics_unseen"]["accuracy"]
    unseen = evaluation.Interval(*(row[key] for key in evaluation.Interval._fields))
    assert f"on these accuracy is {unseen}, baseline {row['baseline']:.2f}." in text
    assert unseen.low > row["baseline"]


def test_each_lesson_is_listed_with_its_question():
    for _, lesson, question in course.list_lessons().itertuples(index=False):
        asked = question[0].upper() + question[1:]
        assert re.search(
            rf"\(notebooks/{lesson}\.ipynb\) \| {re.escape(asked)}", README
        )


def test_the_table_of_lessons_says_what_their_cards_say():
    cards = json.loads((REPOSITORY / "notebooks/cards.json").read_text("utf-8"))
    assert set(cards["lessons"]) == set(course.list_lessons()["lesson"])
    for lesson, card in cards["lessons"].items():
        assert card["passed"]
        assert card["tasks"] == len(checks.list_checks()[lesson[:2]])
        row = re.search(rf"\(notebooks/{lesson}\.ipynb\).*", README)[0]
        told = (card["tasks"], card["guesses"], card["minutes"], card["memory_mb"])
        assert row.endswith(f"| {' | '.join(map(str, told))} |")


def test_each_verb_is_shown(capsys):
    shown = re.findall(r"^xraylab ([\w-]+)", README, re.M)
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    verbs = re.findall(r"^    ([\w-]+)  ", capsys.readouterr().out, re.M)
    assert len(verbs) > 5
    assert set(shown) == set(verbs)


def block_of_commands():
    """Give the arguments and the comment of each line of the block."""
    for line in re.findall(r"^xraylab (.*)", README, re.M):
        command, _, comment = line.partition("#")
        yield shlex.split(command), comment.strip()


def test_git_does_not_see_what_the_block_writes():
    ignored = (REPOSITORY / ".gitignore").read_text("utf-8").split()
    written = {
        Path(value).parts[0]
        for argv, _ in block_of_commands()
        for option, value in itertools.pairwise(argv)
        if option in {"--out", "--html", "--copy"}
    }
    assert written >= {"work", "audit.html"}
    assert written <= {line.strip("/") for line in ignored}


AT_SMOKE_SIZE = {
    "phantom": ["--children", "40"],
    "train": ["--model", "small", "--size", "16", "--steps", "20"],
    "demo": ["--no-browser"],
}


@pytest.mark.long
def test_the_block_runs_as_it_stands_without_a_network(tmp_path, monkeypatch, capsys):
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("xraylab.cli.demo.serve", lambda file, **_: None)
    monkeypatch.setattr("xraylab.cli.demo.find_spec", lambda name: True)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    write_file(tmp_path / "image.jpeg", as_jpeg(blob_image(99)))
    for i in range(12):
        name = ("NORMAL", "PNEUMONIA")[i % 2]
        write_file(tmp_path / "DIR" / name / f"{i}.jpeg", as_jpeg(blob_image(700 + i)))
    said = {}
    for argv, comment in block_of_commands():
        code = cli.main([*argv, *AT_SMOKE_SIZE.get(argv[0], [])])
        out, err = capsys.readouterr()
        assert code == 0, (argv, err[-2000:])
        said[argv[0]] = out, comment
    out, comment = said["predict"]  # what it shows once a threshold was chosen
    shape = re.escape(comment).replace("Pneumonia", r"\w+")
    assert re.search(re.sub(r"\d\\.\d+", r"[\\d.]+", shape), out), out


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "data/README.md"])
def test_links_lead_somewhere(file):
    text = (REPOSITORY / file).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)\)", text):
        if "://" not in target:
            assert (REPOSITORY / file).parent.joinpath(target).exists(), target

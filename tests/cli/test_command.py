"""Parsing, printing and exit codes, of whatever verb."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.cli.conftest import run_json
from xraylab import cli, training
from xraylab.cli import command

VERBS = [
    "merge",
    "split",
    "audit",
    "train",
    "find-lr",
    "evaluate",
    "readings",
    "perturb",
    "explain",
    "claim",
    "predict",
    "demo",
    "phantom",
    "lessons",
    "results",
]


def parsers():
    """The parser of each verb."""
    (verbs,) = [a for a in command._parser()._actions if a.dest == "verb"]
    return verbs.choices


@pytest.mark.parametrize("verb", VERBS)
def test_no_argument_takes_an_empty_text_for_a_path(verb):
    """As of a variable that is not set; it would be the folder one stands in."""
    for action in parsers()[verb]._actions:
        assert action.type is not Path
        if action.type:
            with pytest.raises((argparse.ArgumentTypeError, ValueError)):
                action.type("")


def test_an_empty_path_is_a_wrong_command_and_writes_nothing(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(["lessons", "--copy", ""])
    assert ended.value.code == 2
    told = "argument --copy: must be a path, got an empty text"
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, "--help"])
    assert ended.value.code == 0
    assert f"usage: xraylab {verb}" in capsys.readouterr().out
    assert [action.dest for action in parsers()[verb]._actions if not action.help] == []


def test_help_and_readme_name_each_exit_code(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    readme = (Path(cli.__file__).parents[2] / "README.md").read_text("utf-8")
    for text in (capsys.readouterr().out, readme, command.__doc__):
        said = " ".join(text.split()).lower()
        _, listed = re.split("exit codes: |exit (?=0)", said, maxsplit=1)
        codes = re.findall(r"\b(\d+):? [`a-z]", listed.split(". ")[0])
        assert codes == ["0", "1", "2", "3", "130"]


def test_without_a_verb_the_help_is_shown_and_the_command_is_wrong(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    helped = capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert capsys.readouterr() == ("", helped)


def test_a_stopped_command_exits_130(monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    for step in ("course.list_lessons", "cli.command._parser", "cli.command._print"):
        with monkeypatch.context() as patched:
            patched.setattr(f"xraylab.{step}", stop)
            assert cli.main(["lessons"]) == 130, step
        assert capsys.readouterr().err == "\nxraylab: stopped.\n"


def test_a_command_can_be_stopped_while_it_loads():
    code = """if True:
        import sys
        class Stop:
            def find_spec(self, name, *_):
                if name == "numpy":
                    raise KeyboardInterrupt
        sys.meta_path.insert(0, Stop())
        from xraylab.cli import main
        sys.exit(main(["results"]))
    """
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "\nxraylab: stopped.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("given", "name"), [("results", "xraylab results"), ("--help", "xraylab")]
)
def test_an_answer_that_finds_no_room_is_told(given, name):
    command = [sys.executable, "-m", "xraylab", given]
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=buffered
        )
    said = f"{name}: the answer could not be printed: No space left on device."
    assert (done.returncode, done.stderr) == (1, f"{said}\n")


def test_the_verbs_are_those_that_are_tested():
    assert sorted(parsers()) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_the_defaults_that_the_parser_has(verb):
    for action in parsers()[verb]._actions:
        named = re.search(r"\(default: ([\w.-]+)\)", action.help)
        if named and action.default is not None:
            assert named[1] == str(action.default), action.dest


@pytest.mark.parametrize("verb", ["train", "find-lr"])
def test_help_names_the_defaults_that_the_recipe_has(verb, capsys):
    with pytest.raises(SystemExit):
        cli.main([verb, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    default = r" --([\w-]+) [A-Z]+ (?:(?!--)[^(])*\(default: ([\w.-]+)\)"
    named = dict(re.findall(default, said))
    fields = training.RECIPES["original"].as_dict()
    fields["size"] = fields["size_px"]
    shared = {name: fields.get(name.replace("-", "_")) for name in named}
    assert {"model", "weights", "size", "batch-size", "sampler", "seed"} <= {*named}
    assert named == {name: str(value) for name, value in shared.items()}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["merge", "--data", "nowhere", "--out", "x"], "must be an existing folder"),
        (["audit", os.devnull], f"PATH: must be a folder or a file, got {os.devnull}"),
        (["results", ""], "argument NAME: must be one of the results "),
        (["fly"], "invalid choice: 'fly'"),
        (["phantom", "--out", "x", "--children", "0"], "whole number above 0, got 0"),
        (["phantom", "--out", "x", "--children", "few"], "above 0, got few"),
        (["phantom", "--out", "x", "--seed", "-1"], "whole number from 0, got -1"),
        (["split", ".", "--protocol", "best"], "invalid choice: 'best'"),
        (["--quick"], "xraylab: error: unrecognized arguments: --quick"),
        (["lessons", "--quick"], "xraylab lessons: error: unrecognized arguments: --q"),
        (["results", "a", "b"], "xraylab results: error: unrecognized arguments: b"),
        (["evaluate", ".", "--threshold", "2"], "a number from 0 to 1, got 2"),
        (["evaluate", ".", "--threshold", "nan"], "a number from 0 to 1, got nan"),
        (["evaluate", ".", "--threshold", "half"], "from 0 to 1, got half"),
        (["train", ".", "--lr", "fast"], "--lr: must be a number above 0, got fast"),
        (["train", ".", "--lr", "inf"], "--lr: must be a number above 0, got inf"),
        (["find-lr", ".", "--out", "a.jpg"], "must be a file name.png, got a.jpg"),
        (["demo", "--port", "70000"], "whole number from 1 to 65535, got 70000"),
        (["demo", "--port", "0"], "whole number from 1 to 65535, got 0"),
        (["lessons", "--copy", "x", "--run"], "--run: not allowed with argument --co"),
        (["lessons", "--build", "--run"], "--run: not allowed with argument --build"),
        (
            ["phantom", "--out", "x", "--seed", "4294967296"],
            "--seed: must be a whole number from 0 to 4294967295, got 4294967296",
        ),
    ],
)
def test_a_wrong_command_exits_2(argv, message, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no run", r"evaluate: .* run\.json"),
        (
            "no network",
            r"train: weights imagenet could not be downloaded",
        ),
        (
            "no place",
            r"^xraylab phantom: \S*set could not be written",
        ),
        (
            "no merge",
            r"split: .*manifest\.csv is not there. Make it",
        ),
        ("no file", r"missing\.jpeg\n  not read: No such file or directory"),
    ],
)
def test_each_fault_exits_1_with_its_words(
    fault, message, merge_folder, run_folder, tmp_path, monkeypatch, capsys
):
    def no_network(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", no_network)
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "blocked").write_text("a file, no folder")
    train = ["train", str(merge_folder), "--protocol", "image-random", "--out"]
    train += [
        str(tmp_path / "run"),
        "--size",
        "16",
        "--batch-size",
        "8",
        "--steps",
        "20",
    ]
    argv = {
        "no run": ["evaluate", str(tmp_path)],
        "no network": [*train, "--weights", "imagenet"],
        "no place": [
            "phantom",
            "--out",
            str(tmp_path / "blocked/set"),
            "--children",
            "24",
        ],
        "no merge": ["split", str(tmp_path), "--protocol", "grouped"],
        "no file": ["predict", str(run_folder), str(tmp_path / "missing.jpeg")],
    }[fault]
    assert cli.main(argv) == 1
    out, err = capsys.readouterr()
    assert re.search(message, err + out), err
    assert "Traceback" not in err + out
    assert "Downloading" not in out  # torch says it, and not on stderr
    assert not (tmp_path / "set").exists()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("wanted", "command"),
    [
        ("merge", "split RUN --protocol grouped"),
        ("merge", "train RUN --protocol grouped --weights none --out OUT"),
        ("merge", "find-lr RUN --protocol grouped --weights none --out OUT"),
        ("merge", "evaluate RUN --merge RUN"),
        ("run", "evaluate MERGE"),
        ("run", "readings MERGE"),
        ("run", "perturb MERGE"),
        ("run", "explain MERGE"),
        ("run", "claim MERGE --out OUT"),
        ("run", "predict MERGE x.jpeg"),
    ],
)
def test_a_run_and_a_merge_are_told_apart(
    wanted, command, merge_folder, run_folder, tmp_path, capsys
):
    places = {"RUN": run_folder, "MERGE": merge_folder, "OUT": tmp_path / "x.png"}
    assert cli.main([str(places.get(word, word)) for word in command.split()]) == 1
    told = {
        "merge": f"{run_folder} must be the folder of a merge, but holds a run. Give "
        "the folder that `xraylab merge` wrote.",
        "run": f"{merge_folder} must be the folder of a run, but holds a merge. Train "
        "on it with `xraylab train`, and give the folder of that run.",
    }
    assert told[wanted] in capsys.readouterr().err


def test_too_few_children_are_a_wrong_command(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["phantom", "--out", str(tmp_path / "p"), "--children", "1"])
    assert ended.value.code == 2
    assert "argument --children: must be at least" in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


def test_a_fault_of_ours_shows_where_and_asks_for_a_report(monkeypatch, capsys):
    def broken(*_, **__):
        raise ValueError("no input of anybody's")

    monkeypatch.setattr("xraylab.course.list_lessons", broken)
    assert cli.main(["lessons"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "in broken" in err
    assert "Please report it with the lines above: https://" in err


@pytest.mark.parametrize(
    "words", ["", "Unable to allocate 6 GiB for an array with shape (1, 2)."]
)
def test_a_full_memory_is_not_called_our_fault(words, monkeypatch, capsys):
    def full(*_, **__):
        raise MemoryError(words)

    monkeypatch.setattr("xraylab.course.list_lessons", full)
    assert cli.main(["lessons"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("xraylab lessons: memory was full: ")
    assert words.rstrip(".") in err
    assert (err.count("\n"), "fault" in err) == (1, False)


def test_an_answer_without_numbers_is_still_json(monkeypatch, capsys):
    odd = {"ppv": float("nan"), "ends": [float("inf"), 0.5], "n": 0}
    monkeypatch.setattr("xraylab.results.read_result", lambda name: odd)
    _, answer, _ = run_json(capsys, "results", "any")
    assert (answer["ppv"], answer["ends"], answer["n"]) == (None, [None, 0.5], 0)
    cli.main(["results", "any"])
    assert "NaN" not in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_without_the_letters_of_a_name_loses_no_answer(
    encoding, run_folder, three_sources, tmp_path
):
    good = next((three_sources / "one").rglob("*.jpeg"))
    named = shutil.copy(good, tmp_path / "胸部.jpeg")
    command = [sys.executable, "-m", "xraylab", "predict", run_folder, named, good]
    env = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"Prediction: ") == 2
    assert rb"\u80f8" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with head")
def test_a_reader_that_leaves_early_is_no_error():
    # more than a pipe holds, so that the reader has left before the end
    code = (
        "import sys; from xraylab import cli, course;"
        "course.list_lessons = lambda: __import__('pandas').DataFrame("
        "{'lesson': ['x' * 1000] * 1000}); sys.exit(cli.main(['lessons']))"
    )
    pipe = f'{sys.executable} -c "{code}" | head -c 10'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", pipe], capture_output=True, check=False
    )
    assert done.stderr == b""
    assert done.returncode == 0


def test_the_module_runs_as_a_command():
    command = [sys.executable, "-m", "xraylab", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0.1.0"

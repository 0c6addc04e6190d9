"""The verbs merge, split and phantom."""

import io
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli.conftest import run_json
from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import REPOSITORY, __version__, cli, duplicates
from xraylab.files import NotWrittenError


def test_merge_answers_on_one_line(three_sources, tmp_path, capsys):
    code, answer, _ = run_json(
        capsys, "merge", "--data", three_sources, "--out", tmp_path / "m"
    )
    assert code == 0
    assert (answer["files"], answer["images"]) == (72, 24)
    assert answer["limits"] == duplicates.LIMITS
    assert (tmp_path / "m/manifest.csv").is_file()


def test_merge_says_in_words_what_was_not_found(three_sources, tmp_path, capsys):
    argv = ["merge", "--data", str(three_sources / "one"), "--out", str(tmp_path)]
    assert cli.main(argv) == 0
    out = capsys.readouterr().out
    assert "  least alike same: none found; most alike different: none found\n" in out
    assert (
        "Sources found: 1 of 3; not there: pneumonia-xray-images, "
        "chest-xray-covid19-pneumonia.\n"
    ) in out
    assert run_json(capsys, *argv)[1]["margin"]["least_alike_same"] is None
    argv[2] = str(three_sources)
    assert cli.main(argv) == 0
    assert "not there" not in capsys.readouterr().out


def test_split_writes_the_table_and_counts(merge_folder, capsys):
    code, answer, _ = run_json(
        capsys, "split", merge_folder, "--protocol", "image-random"
    )
    assert code == 0
    assert answer["test"]["image_in_train"] == 0
    assert (merge_folder / "split-image-random-0.csv").is_file()


def test_split_says_which_files_it_takes(tmp_path, capsys):
    root, merge = str(tmp_path / "set"), str(tmp_path / "m")
    assert cli.main(["phantom", "--out", root, "--children", "60"]) == 0
    assert cli.main(["merge", "--data", root, "--out", merge]) == 0
    once, first = "one an image", "of the first source alone: its test as published, "
    taken = {"naive-merge": "every file", "image-random": once, "grouped": once}
    for protocol, words in (taken | {"official": first + "else " + once}).items():
        capsys.readouterr()
        assert cli.main(["split", merge, "--protocol", protocol]) == 0
        out = capsys.readouterr().out
        table = pd.read_csv(tmp_path / f"m/split-{protocol}-0.csv")
        n = len(pd.read_csv(tmp_path / "m/manifest.csv"))
        assert f"n_files: {len(table)} of the merge's {n}, {words}.\n" in out
        (train,) = (line for line in out.splitlines() if line.startswith("train"))
        assert train.split()[-2:] == ["-", "-"]
        elsewhere = table[(table["split"] != "test") | (protocol != "official")]
        assert (len(table) == n) == (protocol == "naive-merge")
        assert elsewhere["image_id"].is_unique == (protocol != "naive-merge")
    assert set(table["source"]) == {"chest-xray-pneumonia"}  # of official, the last


def test_merge_names_bad_files_and_is_done(three_sources, tmp_path, capsys):
    root = tmp_path / "root"
    shutil.copytree(three_sources, root)
    write_file(root / "one/chest_xray/train/NORMAL/IM-0900-0001.jpeg", b"")
    code, answer, err = run_json(
        capsys, "merge", "--data", root, "--out", tmp_path / "m"
    )
    assert (code, answer["problems"]) == (0, 1)
    assert "IM-0900-0001.jpeg: it is empty" in err


def test_merge_says_what_is_worth_knowing(three_sources, tmp_path, capsys):
    root = tmp_path / "root"
    shutil.copytree(three_sources, root)
    deep = io.BytesIO()
    levels = blob_image(7).astype(np.uint16) * 16
    Image.fromarray(levels).save(deep, "PNG")
    write_file(root / "one/chest_xray/train/NORMAL/IM-0900-0001.png", deep.getvalue())
    write_file(root / "one/chest_xray/holdout/NORMAL/IM-0901-0001.jpeg", b"x")
    write_file(root / "two/val/normal/x.jpeg", as_jpeg(blob_image(80)))
    code, answer, err = run_json(
        capsys, "merge", "--data", root, "--out", tmp_path / "m"
    )
    assert code == 0
    assert answer["left_out"] == {"one/chest_xray/holdout/NORMAL": 1}
    assert "left out: one/chest_xray/holdout/NORMAL: 1 images in a class fold" in err
    assert "12 of 16 bits used: no brighter than level 16 of 255: 1 files, first" in err
    assert "images with names that tell no child: 1; each is a group of its own" in err


def test_split_says_of_how_many_images_no_name_tells_the_child(
    three_sources, tmp_path, capsys
):
    root = shutil.copytree(three_sources / "one", tmp_path / "root")
    for i, file in enumerate(sorted(root.rglob("IM-000[12]*"))):
        file.rename(file.with_name(f"x{i}.jpeg"))
    merge = tmp_path / "m"
    assert cli.main(["merge", "--data", str(root), "--out", str(merge)]) == 0
    capsys.readouterr()
    for protocol, more in (("grouped", True), ("naive-merge", False)):
        # before scikit-learn 1.8 most seeds put a class of so few images apart
        argv = ["split", str(merge), "--protocol", protocol, "--seed", "2"]
        assert cli.main(argv) == 0
        out = capsys.readouterr().out
        n = len(list(root.rglob("x*.jpeg")))
        assert f"images of which no name tells the child; {n} of 24." in out
        assert ("a child may be in two splits" in out) == more
        _, answer, _ = run_json(capsys, *argv)
        assert answer["n_unknown"] == n
        assert sum(answer[s]["n_unknown"] for s in ("train", "valid", "test")) == n


def test_failed_work_exits_1_and_says_why(tmp_path, capsys):
    assert cli.main(["evaluate", str(tmp_path)]) == 1
    assert "xraylab evaluate: " in capsys.readouterr().err


@pytest.fixture
def argument_at_fault(capsys):
    """Give what a wrong command says of one argument; it must leave with 2."""

    def ask(*argv):
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, argv)])
        assert ended.value.code == 2
        line = capsys.readouterr().err.splitlines()[-1]
        return line.removeprefix(f"xraylab {argv[0]}: error: argument ")

    return ask


@pytest.mark.parametrize("bad", ["empty", "cats", "text"])
def test_a_folder_of_no_use_is_told_by_its_flag(
    bad, own_run, tmp_path, argument_at_fault
):
    root = tmp_path / "x"
    files = {"cats": ["cats/a.jpeg"], "text": ["train/NORMAL/a.jpeg"], "empty": []}
    for file in files[bad] + [f.replace("NORMAL", "PNEUMONIA") for f in files[bad]]:
        write_file(root / file, b"x")
    root.mkdir(exist_ok=True)
    merge = ("merge", "--data", root, "--out", tmp_path / "m")
    said = argument_at_fault(*merge)
    assert said.startswith("--data: must hold ")
    if bad == "cats":
        there = f"{REPOSITORY}/blob/v{__version__}/data/README.md shows the three lay"
        assert there in said  # a package that was installed has no such file
    assert argument_at_fault("audit", root).startswith("PATH: must hold ")
    for verb in (("perturb",), ("evaluate", "--on", "external")):
        said = argument_at_fault(*verb, own_run, "--data", root)
        assert said.startswith("--data: must hold "), verb
    assert not (tmp_path / "m").exists()


def test_a_merge_that_cannot_be_split_is_told_by_its_name(
    three_sources, tmp_path, argument_at_fault, capsys
):
    merge = tmp_path / "m"
    few = shutil.copytree(three_sources / "two", tmp_path / "few")
    assert cli.main(["merge", "--data", str(few), "--out", str(merge)]) == 0
    train = ("train", merge, "--out", tmp_path / "r", "--weights", "none")
    find_lr = ("find-lr", merge, "--out", tmp_path / "r.png", "--weights", "none")
    for argv in (("split", merge), train, find_lr):
        said = argument_at_fault(*argv, "--protocol", "official")
        assert said.startswith("--protocol: official needs the test folder of"), argv
    manifest = pd.read_csv(merge / "manifest.csv", keep_default_na=False)
    manifest.assign(label=0).to_csv(merge / "manifest.csv", index=False)
    for argv in (("split", merge), train, find_lr):
        said = argument_at_fault(*argv, "--protocol", "grouped")
        assert said.startswith("MERGE: must hold two classes, labels 0 and 1"), argv


def test_phantom_writes_three_layouts(tmp_path, capsys):
    out = tmp_path / "p"
    code, answer, _ = run_json(capsys, "phantom", "--out", out, "--children", "24")
    assert code == 0
    assert answer["images"] >= 24
    _, merged, _ = run_json(capsys, "merge", "--data", out, "--out", tmp_path / "m")
    assert len(merged["by_source"]) == 3
    with pytest.raises(SystemExit) as ended:
        cli.main(["phantom", "--out", str(out), "--children", "24"])
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"argument --out: must be new or empty, but {out} holds files al" in said


def test_phantom_does_not_replace_the_folder_it_was_started_in(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["phantom", "--out", ".", "--children", "24"])
    assert "argument --out: must be another folder" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["", "one/chest_xray", "two/train/normal/m"])
def test_nothing_is_written_among_the_images(
    place, three_sources, tmp_path, argument_at_fault, capsys
):
    root = shutil.copytree(three_sources, tmp_path / "root")
    merge, before = tmp_path / "m", sorted(root.rglob("*"))
    assert cli.main(["merge", "--data", str(root), "--out", str(merge)]) == 0
    capsys.readouterr()
    train = ["train", merge, "--protocol", "grouped", "--recipe", "lesson"]
    for argv in (["merge", "--data", root], train):
        said = argument_at_fault(*argv, "--out", root / place)
        assert said.startswith("--out: must lie outside the images, got "), argv
        assert " is the folder of " in said
        assert sorted(root.rglob("*")) == before


@pytest.fixture
def no_work(monkeypatch):
    """Let nothing that takes long be begun."""

    def refuse(*_, **__):
        raise AssertionError("work was begun")

    monkeypatch.setattr("xraylab.duplicates.find_images", refuse)
    monkeypatch.setattr("xraylab.audit.run_audit", refuse)
    monkeypatch.setattr("xraylab.images.build_cache", refuse)
    monkeypatch.setattr("xraylab.images.read_pixels", refuse)
    monkeypatch.setattr("xraylab.phantom.write._draw", refuse)


def refuse_to_write(path):
    raise NotWrittenError(path, PermissionError(13, "Permission denied"))


@pytest.mark.parametrize(
    "verb", ["merge", "split", "audit", "train", "find-lr", "claim", "phantom"]
)
def test_a_place_that_cannot_be_written_is_told_before_any_work(
    verb, three_sources, merge_folder, tmp_path, no_work, monkeypatch, capsys
):
    (tmp_path / "file").write_text("mine")
    out = str(tmp_path / "file/out.png")
    monkeypatch.setattr("xraylab.claim.make_claim", lambda _: 1 / 0)
    monkeypatch.setattr("xraylab.data.split", lambda *_, **__: 1 / 0)
    if verb == "split":
        monkeypatch.setattr("xraylab.cli.data.try_writing", refuse_to_write)
    recipe = ["--protocol", "grouped", "--recipe", "lesson", "--out", out]
    argv = {
        "merge": ["--data", str(three_sources), "--out", out],
        "split": [str(merge_folder), "--protocol", "grouped"],
        "audit": [str(three_sources), "--html", out],
        "claim": ["real-64px-official", "--out", out],
        "train": [str(merge_folder), *recipe],
        "find-lr": [str(merge_folder), *recipe],
        "phantom": ["--out", out, "--children", "24"],
    }[verb]
    assert cli.main([verb, *argv]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "could not be written: " in line
    assert [p.name for p in tmp_path.rglob("*")] == ["file"]


@pytest.mark.parametrize(
    ("verb", "name", "told"),
    [
        ("merge", "merge.json", "is not of `xraylab merge`: no 'root'."),
        ("claim", "claim.json", "is not of `xraylab claim`: no 'name'."),
        ("claim", "claim.html", "one is there, and no claim.json beside it"),
        ("audit", "x.html", "is not of `xraylab audit`: it is no page of an audit."),
        ("find-lr", "x.png", "is not of `xraylab find-lr`: it is no curve of a"),
    ],
)
def test_a_file_of_others_is_kept_and_told_before_any_work(
    verb, name, told, three_sources, merge_folder, tmp_path, no_work, capsys
):
    mine = write_file(tmp_path / name, b"{}")
    recipe = ["--protocol", "grouped", "--recipe", "lesson"]
    argv = {
        "merge": ["--data", str(three_sources), "--out", str(tmp_path)],
        "claim": ["real-64px-official", "--out", str(tmp_path)],
        "audit": [str(three_sources), "--html", str(mine)],
        "find-lr": [str(merge_folder), *recipe, "--out", str(mine)],
    }[verb]
    assert cli.main([verb, *argv]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{mine} could not be written: " in line
    assert told in line
    assert line.endswith("; choose another place.")
    assert [mine.read_bytes(), *tmp_path.iterdir()] == [b"{}", mine]


@pytest.mark.parametrize("verb", ["evaluate", "perturb", "explain"])
def test_a_run_that_cannot_be_written_costs_no_work_and_no_reading(
    verb, own_run, no_work, monkeypatch, capsys
):
    for module in ("training.experiment", "explanation.stored"):
        monkeypatch.setattr(f"xraylab.{module}.try_writing", refuse_to_write)
    monkeypatch.setattr("xraylab.training.origin.find_rows", lambda *_, **__: None)
    argv = [verb, str(own_run)] + (["--on", "test"] if verb == "evaluate" else [])
    assert cli.main(argv) == 1
    assert "could not be written: Permission denied" in capsys.readouterr().err
    assert not (own_run.parent / "merge/test-log.jsonl").exists()


def test_a_merge_says_which_set_only_has_the_folders_of_a_source(
    three_sources, tmp_path, capsys
):
    root = shutil.copytree(three_sources, tmp_path / "root")
    for number, file in enumerate(sorted((root / "two").rglob("*.jpeg"))):
        file.rename(file.with_name(f"{number}.jpeg"))
    code, answer, err = run_json(
        capsys, "merge", "--data", root, "--out", tmp_path / "m"
    )
    assert code == 0
    assert answer["unnamed_sources"] == {"two": 24}
    assert (
        "laid out as pneumonia-xray-images: two: none of its 24 images is named as in "
        "that set, so it may be another; if it is, take it out."
    ) in err

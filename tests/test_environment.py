"""environment.yml, pyproject.toml and constraints.txt must say the same."""

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
NINE = {
    *("torch", "torchvision", "jupyterlab", "matplotlib", "seaborn"),
    *("scikit-learn", "ipywidgets", "nbval", "pillow"),
}


def ranges():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    project = project["project"]
    wanted = list(project["dependencies"])
    for extra in ("lab", "test", "book"):
        wanted += project["optional-dependencies"][extra]
    return dict(
        re.fullmatch(r"([\w-]+)(.*)", w).groups() for w in wanted if "[" not in w
    )


def test_environment_names_the_nine_with_the_same_ranges():
    text = (REPOSITORY / "environment.yml").read_text("utf-8")
    named = dict(re.findall(r"^      - ([a-z-]+)(>=[\d.]+)$", text, re.M))
    assert set(named) == NINE
    assert named == {name: ranges()[name] for name in NINE}
    assert "- -e .[lab,test]" in text


def test_constraints_pin_every_package_we_ask_for():
    text = (REPOSITORY / "constraints.txt").read_text("utf-8").lower()
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", text, re.M))
    assert set(ranges()) <= set(pinned)
    assert (pinned["torch"], pinned["torchvision"]) == ("2.13.0", "0.28.0")
    assert "+cpu" not in text


def test_the_oldest_versions_are_tried_in_ci():
    text = (REPOSITORY / ".github/workflows/ci.yml").read_text("utf-8")
    oldest = text[text.index("  oldest:") : text.index("  windows:")]
    for name in ("torch", "torchvision"):
        assert f"{name}=={ranges()[name].removeprefix('>=')}.0 " in oldest
    assert "--resolution lowest-direct" in oldest
    for verb in ("train", "evaluate", "predict"):
        assert f"xraylab {verb} " in oldest


def test_colab_is_tried_in_ci_with_what_it_brings():
    text = (REPOSITORY / ".github/workflows/ci.yml").read_text("utf-8")
    colab = text[text.index("  colab:") : text.index("  book:")]
    for version in ("torch==2.11.0", "numpy==2.1.3", "ipywidgets==7.7.1", '"3.13"'):
        assert version in colab
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    assert "ipywidgets>=7.7.1" in project["project"]["dependencies"]

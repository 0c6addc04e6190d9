"""All lessons, as Kaggle without internet and Colab open them; from a clean clone.

Kaggle's folders are put up in a space of their own, without a network and with its
inputs mounted read only, where the machine lets us; elsewhere these tests skip.
Nothing here has seen a real machine of Kaggle's or Colab's: `docs/places.md`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from release import kaggle as packing
from tests.course import roots
from tests.course.bare import RUNNER, Bare, run_script
from xraylab import REPOSITORY, __version__, data, phantom
from xraylab.course import build, opening, places

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="Kaggle and Colab run Linux"),
]
CHECKOUT = Path(__file__).parents[2]
SOURCES = list(data.SOURCES)
NESTED = "datasets/{owner}/{name}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clean clone of what is committed here, with the tag of this version."""
    folder = tmp_path_factory.mktemp("clone") / "xraylab"
    for command in (
        ["git", "clone", "--quiet", str(CHECKOUT), str(folder)],
        ["git", "-C", str(folder), "tag", "--force", opening.TAG],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no clone of this checkout: {done.stderr.strip()}")
    return folder


@pytest.fixture(scope="module")
def packed(clone, tmp_path_factory):
    """What `make kaggle` packs in the clone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "ROOT", clone)
        return packing.pack("somebody", tmp_path_factory.mktemp("packed"))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    phantom.write_phantom(folder, n_children=places.SMALL_SET)
    return folder


@pytest.fixture
def kaggle_root():
    """An empty /kaggle to mount on, taken away again."""
    root = Path("/kaggle")
    tried = subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True)
    if tried.returncode or root.exists():
        pytest.skip("needs Linux, root, and no /kaggle of its own")
    root.mkdir()
    yield root
    root.rmdir()


def on_kaggle(bare, inputs, notebooks):
    """Run notebooks where `inputs`, a dict from mount to folder, are attached."""
    lines = ["set -e", "ip link set lo up", "mount -t tmpfs tmpfs /kaggle"]
    lines += ["mkdir /kaggle/working"]
    for mount, folder in inputs.items():
        target = f"/kaggle/input/{mount}"
        lines.append(f"mkdir -p {target} && mount --bind {folder} {target}")
        lines.append(f"mount -o remount,ro,bind {target}")
    lines += ["cd /kaggle/working", 'exec "$@"']
    command = ["unshare", "-n", "-m", "sh", "-c", "\n".join(lines), "sh"]
    env = bare.environment(network=False) | {
        "XRAYLAB_MODE": "smoke",
        "XRAYLAB_CACHE": str(bare.folder.parent / "cache"),
    }
    done = subprocess.run(
        [*command, str(bare.python), str(RUNNER), *map(str, notebooks)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("n", "mount"), [(1, "{name}"), (2, "{owner}/{name}"), (3, NESTED)]
)
def test_every_lesson_runs_on_kaggle_without_internet(
    n, mount, packed, simulated, kaggle_root, tmp_path
):
    inputs = {mount.format(owner="somebody", name=packing.WHEELS): packed / "wheels"}
    for name in SOURCES[:n]:
        root = roots.write_sources(simulated, [name], tmp_path / "sets" / name)
        inputs[mount.format(owner="owner", name=name)] = root
    pets = tmp_path / "pets/train/cats"
    pets.mkdir(parents=True)
    (pets / "1.jpg").write_text("x")
    inputs[mount.format(owner="else", name="pets")] = tmp_path / "pets"
    notebooks = sorted((packed / "kernels").glob("*/*.ipynb"))
    bare = Bare(tmp_path / "env")
    answers = on_kaggle(bare, inputs, notebooks)
    assert [answer["stopped"] for answer in answers] == [""] * len(build.sources())
    for answer in answers:
        text = "".join(answer["outputs"])
        assert f"{n} of 3 sources" in text
        assert "Guesses go to /kaggle/working/xraylab" in text
    assert bare.own() == {"xraylab", "captum"}


def test_on_kaggle_without_wheels_the_lesson_says_what_to_click(
    packed, kaggle_root, tmp_path
):
    notebook = packed / "kernels/00_the_claim/00_the_claim.ipynb"
    (answer,) = on_kaggle(Bare(tmp_path / "env"), {}, [notebook])
    assert answer["stopped"] == "UsageError"
    assert "Add Input there" in answer["outputs"][0]
    assert not any(answer["outputs"][1:])


def test_on_colab_the_tagged_version_is_fetched_and_nothing_else(clone, tmp_path):
    """Git is told that the repository's address is the clone."""
    bare = Bare(tmp_path / "env")
    notebook = tmp_path / "01.ipynb"
    shutil.copy(clone / "notebooks/clean/01_merging.ipynb", notebook)
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{clone}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }
    settings = {
        "COLAB_RELEASE_TAG": "release-colab-external_20260801",
        "XRAYLAB_MODE": "smoke",
        "XRAYLAB_CACHE": str(tmp_path / "cache"),
        "XRAYLAB_DATA": "built-in",
    }
    said = json.loads(
        run_script(bare, RUNNER, notebook, network=True, **git, **settings)
    )
    if "could not be fetched" in said["outputs"][0]:
        pytest.skip("needs a package index, for setuptools and captum")
    assert said["stopped"] == ""
    assert "Nothing will be kept" in "".join(said["outputs"])
    assert bare.own() == {"xraylab", "captum"}


def test_the_clone_gives_a_wheel_with_every_lesson(packed, tmp_path):
    """Copied into an empty folder, from an environment that has only the wheel."""
    bare = Bare(tmp_path / "env")
    wheels = sorted(map(str, (packed / "wheels").glob("*.whl")))
    run_script(bare, "-m", "pip", "install", "--no-index", "--no-deps", *wheels)
    env = {"XRAYLAB_CACHE": str(tmp_path / "cache"), "XRAYLAB_MODE": "smoke"}
    env |= {"XRAYLAB_DATA": "built-in", "XRAYLAB_GUESSES": str(tmp_path / "g.jsonl")}
    said = run_script(bare, "-m", "xraylab", "lessons", "--copy", "mine", **env)
    copies = sorted((tmp_path / "mine").glob("*.ipynb"))
    assert said.startswith(f"{len(build.sources())} ")
    assert [copy.stem for copy in copies] == [s.stem for s in build.sources()]
    answers = run_script(bare, RUNNER, *copies, **env).splitlines()
    assert [json.loads(a)["stopped"] for a in answers] == [""] * len(copies)
    assert __version__ in run_script(bare, "-m", "xraylab", "--version", **env)

"""What a notebook needs: its data, its sizes, a place to work, sealed guesses.

Set these before starting, if at all:

XRAYLAB_DATA     folder with the real sources, or "built-in"
XRAYLAB_MODE     "smoke", "quick" (default) or "full"
XRAYLAB_STEPS    steps of each training, instead of the mode's own
XRAYLAB_WEIGHTS  file with ImageNet weights for mode full
XRAYLAB_CACHE    where merges and runs are kept
XRAYLAB_GUESSES  the file of sealed guesses
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xraylab import __version__, data
from xraylab.caches import cache_folder
from xraylab.course import keeping, modes, places
from xraylab.course.checks import check as check
from xraylab.course.checks import hint as hint
from xraylab.course.checks import solution as solution
from xraylab.course.envelope import carry_guesses as carry_guesses
from xraylab.course.envelope import describe_own as describe_own
from xraylab.course.envelope import judge_guesses as judge_guesses
from xraylab.course.guesses import guess as guess
from xraylab.course.guesses import keep_truth as keep_truth
from xraylab.course.guesses import read_guesses as read_guesses
from xraylab.course.guesses import read_truths as read_truths
from xraylab.course.guesses import reveal as reveal
from xraylab.errors import InputError

if TYPE_CHECKING:
    from xraylab.training import Recipe

N_LESSONS = 10


@dataclass(frozen=True)
class Lesson:
    """Data, sizes and folders of one lesson.

    Attributes
    ----------
    number : int
        0 to 9.
    root : Path
        Folder with the sources.
    sources : list of str
        Which of the three are there; the first one always is.
    is_builtin : bool
        True for simulated images, such as those that come with the package.
    folder : Path
        For runs: one for each set of images and of sizes, so none ever mix.
    merge_folder : Path
        For the merge of these images.
    mode : str
        A key of `xraylab.course.modes.MODES`.
    settings : dict
        What `recipe` changes of the original's.
    """

    number: int
    root: Path
    sources: list[str]
    is_builtin: bool
    folder: Path
    merge_folder: Path
    mode: str
    settings: dict

    @property
    def missing(self) -> list[str]:
        """Which of the three sources are not there."""
        return [name for name in data.SOURCES if name not in self.sources]

    @property
    def data_name(self) -> str:
        """What figures call the data."""
        return "built-in images (simulated)" if self.is_builtin else "real images"

    @property
    def recipe(self) -> Recipe:
        """The recipe of this lesson, at its size."""
        from xraylab import training

        return replace(training.RECIPES["original"], **self.settings)

    def __str__(self) -> str:
        return (
            f"Lesson {self.number:02d} on the {self.data_name}, "
            f"{len(self.sources)} of {len(data.SOURCES)} sources.\n"
            f"Mode {self.mode}: {self._training()}.\n"
            "Not for clinical use."
        )

    def _training(self) -> str:
        if self.number not in modes.TRAININGS:
            return "nothing is trained here"
        size = self.settings
        steps = size.get("n_steps")
        length = f"{steps:,} steps" if steps else f"{size['epochs']} epochs"
        return f"{size['model']}, {size['size_px']} px, {length}"


def start(number: int, mode: str | None = None) -> Lesson:
    """Find the data, choose the sizes, and say both, and what it will cost.

    Parameters
    ----------
    number : int
        The lesson's number, 0 to 9.
    mode : str, optional
        "smoke", "quick" or "full", the original's size; XRAYLAB_MODE when None.

    Raises
    ------
    NoDataError
        If XRAYLAB_DATA is set to a place without the first source.
    WeightsError
        If XRAYLAB_WEIGHTS names no file that fits, in mode full.
    ValueError
        If the number, the mode or XRAYLAB_STEPS is not as above.
    """
    if number not in range(N_LESSONS):
        raise InputError(f"number must be 0 to {N_LESSONS - 1}, got {number!r}.")
    mode = modes.choose_mode(mode)
    if about_guesses := keeping.open_folder():
        print(about_guesses)
    found = places.find_images(small=mode == "smoke")
    for line in found.passed_over:
        print(f"Passed over {line}")
    if found.passed_over:
        print(
            "XRAYLAB_DATA names another folder, or built-in, and ends the search: "
            "%env XRAYLAB_DATA=FOLDER in a cell above this one."
        )
    is_trained, about_weights = number in modes.TRAININGS, ""
    settings = modes.choose_settings(number, mode, is_simulated=found.is_simulated)
    if is_trained and settings["weights"] == "imagenet":
        settings["weights"], about_weights = modes.find_weights()
    # another version may write its files in another way
    home = cache_folder() / "lessons" / __version__ / found.name
    lesson = Lesson(
        number=number,
        root=found.root,
        sources=found.sources,
        is_builtin=found.is_simulated,
        folder=home / _size_name(mode, settings),
        merge_folder=home / "merge",
        mode=mode,
        settings=settings,
    )
    print(lesson)
    if about_weights:
        print(about_weights)
    if is_trained and mode != "smoke":
        print(modes.estimate_cost(number, lesson.recipe, len(found.files)))
    return lesson


def _size_name(mode: str, settings: dict) -> str:
    """Name the sizes of a training, with a digest of all that was set."""
    text = json.dumps(settings, sort_keys=True).encode()
    if Path(settings["weights"]).is_file():  # another file under its name is another
        text += Path(settings["weights"]).read_bytes()
    digest = hashlib.blake2b(text, digest_size=4).hexdigest()
    return f"{mode}-{settings['model']}-{settings['size_px']}px-{digest}"

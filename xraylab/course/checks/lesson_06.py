"""Checks of lesson 06: maps by hand, what they forget, and what a dose shows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xraylab.course.checks.answers import Wrong, call, is_close, number
from xraylab.course.checks.asking import asks, one_of


def _run_table() -> pd.DataFrame:
    """Answers of a run: in training all are right, as they tend to be."""
    n, rng = 60, np.random.default_rng(0)
    split = np.repeat(["train", "valid", "test"], n // 3)
    label = np.tile([1, 1, 1, 0], n // 4)
    score = np.where(label == 1, 0.55, 0.05) + 0.4 * rng.random(n)
    score[split == "train"] = np.where(label == 1, 0.99, 0.01)[split == "train"]
    path = [f"person{i}_bacteria_{i}.jpeg" for i in range(n)]
    table = {"path": path, "split": split, "label": label, "score": score}
    return pd.DataFrame(table).sample(frac=1, random_state=1, ignore_index=True)


@asks(
    "an honest page of examples",
    "repair",
    (
        "From which split do the four rows come? And how do they differ from the rows "
        "that were passed over?",
        "Keep the validation rows with pneumonia. Then choose four of them in a way "
        "that does not look at the score.",
        'Take table[(table["label"] == 1) & (table["split"] == "valid")], and of it '
        ".sample(4, random_state=0).",
    ),
)
def honest_examples(answer):
    table = _run_table()
    again = table.assign(score=(1.3 - table["score"]).clip(0, 1))
    strongest = 0
    for given in (table, again):
        rows = call(answer, given)
        if not isinstance(rows, pd.DataFrame) or "path" not in rows:
            raise Wrong(f"Rows of the table are needed, found a {type(rows).__name__}.")
        chosen = given[given["path"].isin(rows["path"])]
        if len(rows) != 4 or len(chosen) != 4:
            raise Wrong(f"Four different rows are needed, found {len(rows)}.")
        if (chosen["label"] == 0).any():
            raise Wrong(f"{(chosen['label'] == 0).sum()} of the rows are normal.")
        for split, why in (
            ("train", "were in training. Of those a network remembers the answer"),
            ("test", "are of the test, which stays closed"),
        ):
            if n := int((chosen["split"] == split).sum()):
                raise Wrong(f"{n} of your four images {why}.")
        asked = given[(given["label"] == 1) & (given["split"] == "valid")]
        falling = asked["score"].sort_values(ascending=False)
        ends = set(falling.index[:4]), set(falling.index[-4:])
        strongest += set(chosen.index) in ends
    if strongest == 2:
        raise Wrong(
            "When the scores change, your page changes with them, and always shows one "
            "end of the scores. A reader would take that for the rule."
        )
    return (
        "The page shows images that the network did not learn from, whatever it said "
        "of them. Looked at: a run of 60 images, and the same with other scores."
    )


_SPEAKS = np.zeros((12, 18))  # how much a grey level at each place counts
_SPEAKS[0:6, 6:12] = 1.0
_SPEAKS[6:12, 12:18] = -0.5


def _image() -> np.ndarray:
    """Draw an image of three greys, whose mean is 100."""
    greys = [[160, 220, 40], [60, 100, 20]]
    return np.kron(greys, np.ones((6, 6))).astype(np.uint8)


def _score(images: np.ndarray) -> np.ndarray:
    """Answer for a stack of images, or of copies with a place hidden."""
    return 3 + (np.asarray(images, float) * _SPEAKS).sum(axis=(1, 2)) / 1000


def _occlude(grey: float, patch_px: int, *, put_back: bool = True) -> np.ndarray:
    image, found = _image(), np.zeros(_SPEAKS.shape)
    hidden = image.copy()
    for y in range(0, image.shape[0], patch_px):
        for x in range(0, image.shape[1], patch_px):
            place = slice(y, y + patch_px), slice(x, x + patch_px)
            hidden = image.copy() if put_back else hidden
            hidden[place] = grey
            found[place] = (_score(image[None]) - _score(hidden[None]))[0]
    return found


def _map(answer: object, shape: tuple[int, int]) -> np.ndarray:
    """Give an answer as a map of that shape.

    Raises
    ------
    Wrong
        If it is none.
    """
    try:
        found = np.asarray(answer, float)
    except (TypeError, ValueError):
        raise Wrong(f"A map is needed, found a {type(answer).__name__}.") from None
    if found.shape != shape:
        raise Wrong(f"A map of the shape {shape} is needed, found {found.shape}.")
    if not np.isfinite(found).all():
        raise Wrong("The map must be finite, found values that are not.")
    return found


@asks(
    "occlusion by hand",
    "implement",
    (
        "One patch you have hidden above already. What must be the same again before "
        "the next one is hidden?",
        "Two loops, over y and over x. In each turn: copy the image, paint one place "
        "in its mean grey, ask again, and write the fall into that place of the map.",
        "place = slice(y, y + patch_px), slice(x, x + patch_px); hidden = image.copy();"
        " hidden[place] = round(image.mean()); the fall is score(image[None])[0] - "
        "score(hidden[None])[0].",
    ),
)
def occlusion_by_hand(answer):
    image = _image()
    found = _map(call(answer, _score, image, 6), image.shape)
    grey, right = round(image.mean()), _occlude(round(image.mean()), 6)
    mistakes = (
        (-right, "Where hiding lowers the answer, your map is below 0."),
        (_occlude(0, 6), "Your patch seems to be black. Black is a sign of its own."),
        (_occlude(255, 6), "Your patch seems to be white. White is a sign of its own."),
        (
            _occlude(grey, 6, put_back=False),
            "Places hidden before seem to stay hidden. One patch at a time.",
        ),
        (
            _score(image[None])[0] - right,
            "Your map holds the answers themselves. How far did each fall?",
        ),
    )
    if np.allclose(found, right, atol=1e-6):
        half = _map(call(answer, _score, image, 3), image.shape)
        if not np.allclose(half, _occlude(grey, 3), atol=1e-6):
            raise Wrong("With patches of 6 it is right, with patches of 3 it is not.")
        return (
            "That is all a map of occlusion is. Looked at: an image of 12 x 18 pixels, "
            "patches of 6 and of 3, and a rule of which we know what it looks at."
        )
    for wrong, said in mistakes:
        if np.allclose(found, wrong, atol=1e-6):
            raise Wrong(said)
    if np.abs(found[_SPEAKS == 0]).max() > 1e-6:
        raise Wrong(
            "Your map is not 0 at places that the rule does not look at. Does each "
            "fall stand where its patch was?"
        )
    raise Wrong(
        f"Where the rule looks, your map goes from {found.min():.3f} to "
        f"{found.max():.3f}, and hiding one patch moves its answer otherwise."
    )


@asks(
    "what Grad-CAM forgot",
    "repair",
    (
        "Two networks find the same features, and draw opposite conclusions. Would "
        "this map tell them apart?",
        "Each feature map needs one weight: the mean of its slopes over all places. "
        "Then add the weighted maps up.",
        "slopes.mean(axis=(1, 2)) are the weights. Give them the shape (maps, 1, 1) by "
        "[:, None, None], multiply, and sum over axis 0.",
    ),
)
def what_gradcam_forgot(answer):
    rng = np.random.default_rng(0)
    features, slopes = rng.random((3, 4, 5)), rng.normal(0.2, 1, (3, 4, 5))

    def given(slopes):
        return _map(call(answer, features, slopes), features.shape[1:])

    found, reversed_ = given(slopes), given(-slopes)
    if np.allclose(found, reversed_):
        raise Wrong(
            "All slopes were reversed: what spoke for pneumonia now speaks against it. "
            "Your map stays the same, so it cannot show what this network does."
        )
    shuffled = rng.permuted(slopes.reshape(3, -1), axis=1).reshape(slopes.shape)
    if not np.allclose(found, given(shuffled)):
        raise Wrong(
            "The slopes changed places within each feature map, so their means are "
            "what they were. Your map changed: does each feature map have one weight?"
        )
    right = np.einsum("i,ijk->jk", slopes.mean(axis=(1, 2)), features)
    for kept in (right, right.clip(0)):  # the original's drops what is below 0
        if np.allclose(found / np.abs(found).max(), kept / np.abs(kept).max()):
            return (
                "Now the map hangs on what the network makes of its features, so the "
                "sanity check has something to find. Looked at: features with slopes, "
                "with reversed slopes, and with slopes that changed places."
            )
    if np.allclose(found / np.abs(found).max(), -right / np.abs(right).max()):
        raise Wrong("Your map is above 0 where the features speak against pneumonia.")
    if np.corrcoef(found.ravel(), right.ravel())[0, 1] > 1 - 1e-9:
        raise Wrong(
            "The places are in the right order, but the map was shifted: above 0 must "
            "speak for pneumonia."
        )
    raise Wrong(
        "Your map follows the slopes, but it is not the sum of the feature maps, each "
        "times the mean of its own slopes."
    )


_LESION = np.array([[True, True, False], [False, False, False]])
_FOUND = (
    np.array([[3.0, 1.0, 2.0], [-2.0, 0.0, 4.0]]),
    np.array([[0.0, -1.0, 0.5], [0.0, 0.25, -3.0]]),
    np.array([[0.2, 0.2, -0.4], [-0.1, -0.1, 0.0]]),
    np.array([[5.0, -4.0, 1.0], [1.0, 1.0, 1.0]]),
)


@asks(
    "share inside by hand",
    "compute",
    (
        "Which pixels of the map speak for pneumonia, and how much do they say in all?",
        "Set all that is below 0 to 0. Then divide the sum inside the lesion by the "
        "sum over the whole map.",
        "evidence = np.clip(found, 0, None); evidence[lesion].sum() is what lies "
        "inside, evidence.sum() is all of it.",
    ),
)
def share_inside_by_hand(answer):
    def given(found):
        return number(call(answer, found, _LESION), 0, 1)

    first = _FOUND[0]
    if not is_close(given(first), given(7 * first)):
        raise Wrong(
            f"For the map {first.tolist()} you give {given(first):.3f}, for seven "
            f"times that map {given(7 * first):.3f}. A share stays."
        )
    against = np.where(first < 0, 4 * first, first)
    if not is_close(given(first), given(against)):
        raise Wrong(
            f"Only a place that speaks against pneumonia was changed, and your share "
            f"went from {given(first):.3f} to {given(against):.3f}."
        )
    for found in _FOUND:
        evidence, share = found.clip(0), given(found)
        if not is_close(share, evidence[_LESION].sum() / evidence.sum()):
            raise Wrong(
                f"For the map {found.tolist()} and a lesion in the first two places of "
                f"the first row you give {share:.3f}. Add up what is above 0 there, "
                "and what is above 0 in all."
            )
    return (
        "The share has a chance level: a blob in the middle has one, too. Looked at: "
        "four maps, one with nothing inside, one with nothing outside."
    )


what_a_dose_shows = one_of(
    "what a dose shows",
    (
        "What was changed between one dose and the next, and what was not?",
        "Sort the sentences: which speak of a thing that was never tried?",
        "One thing was changed, in the same images, and the answers followed. Which "
        "sentence says that and no more?",
    ),
    right={
        "b": "The same images, one change, and the answers follow its dose: that "
        "licenses a sentence about this change, and about no other."
    },
    wrong={
        "a": "The rule knows nothing of pneumonia, and yet its map has strong places.",
        "c": "Only one change was tried. Would others move it, too?",
        "d": "A flat curve clears one change. What else the network may look at, it "
        "does not say.",
    },
)

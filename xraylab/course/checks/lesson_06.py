"""Checks of lesson 06: maps by hand, what they forget, and what a dose shows."""

from __future__ import annotations

import numpy as np

from xraylab.course.checks.answers import Wrong, array, call, is_close, is_right, number
from xraylab.course.checks.asking import asks, one_of

_SPEAKS = np.zeros((12, 18))  # how much a grey level at each place counts
_SPEAKS[0:6, 6:12] = 1.0
_SPEAKS[6:12, 12:18] = -0.5
_MEANS = np.array([0.9, -0.8, 0.3])  # of the slopes of three feature maps
_SHADE = 0.02  # of the strongest place: less is not seen in a map
_GREYS = [[60, 220, 40], [60, 40, 180]]
_IMAGE = np.kron(_GREYS, np.ones((6, 6))).astype(np.uint8)  # its mean is 100


def _score(images: np.ndarray) -> np.ndarray:
    """Answer for a stack of images, wide or tall."""
    images = np.asarray(images, float)
    speaks = _SPEAKS if images.shape[1:] == _SPEAKS.shape else _SPEAKS.T
    return 3 + (images * speaks).sum(axis=(1, 2)) / 1000


def _occlude(
    image: np.ndarray, patch_px: int, grey: int = 100, *, put_back: bool = True
) -> np.ndarray:
    found, hidden = np.zeros(image.shape), image.copy()
    for y in range(0, image.shape[0], patch_px):
        for x in range(0, image.shape[1], patch_px):
            place = slice(y, y + patch_px), slice(x, x + patch_px)
            hidden = image.copy() if put_back else hidden
            hidden[place] = grey
            found[place] = (_score(image[None]) - _score(hidden[None]))[0]
    return found


def _name_mistake(found: np.ndarray, right: np.ndarray) -> str:
    """Say what is wrong with a map of the wide image."""
    mistakes = {
        "Where hiding lowers the answer, your map is below 0.": -right,
        "Your patch seems to be black. Black is a sign of its own.": (
            _occlude(_IMAGE, 6, 0)
        ),
        "Your patch seems to be white. White is a sign of its own.": (
            _occlude(_IMAGE, 6, 255)
        ),
        "Places hidden before seem to stay hidden. One patch at a time.": (
            _occlude(_IMAGE, 6, put_back=False)
        ),
        "Your map holds the answers themselves. How far did each fall?": (
            _score(_IMAGE[None])[0] - right
        ),
    }
    for said, wrong in mistakes.items():
        if np.allclose(found, wrong, atol=1e-6):
            return said
    if np.abs(found[_SPEAKS == 0]).max() > 1e-6:
        return (
            "Your map is not 0 at places that the rule does not look at. Does each "
            "fall stand where its patch was?"
        )
    is_whole = (found == found.round()).all() and found.min() >= 0
    if is_whole and found.any():
        return (
            "Your map holds whole numbers from 0 on, as an image does. A fall may be a "
            "fraction, or below 0."
        )
    seen = found[_SPEAKS != 0]
    return (
        f"Where the rule looks, your map goes from {seen.min():.3f} to "
        f"{seen.max():.3f}, and hiding one patch moves its answer otherwise."
    )


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
    found = array(call(answer, _score, _IMAGE, 6), _IMAGE.shape)
    right = _occlude(_IMAGE, 6)
    if not is_right(found, right, atol=1e-6):
        raise Wrong(_name_mistake(found, right))
    tall = array(call(answer, _score, _IMAGE.T, 3), _IMAGE.T.shape)
    if not is_right(tall, _occlude(_IMAGE.T, 3), atol=1e-6):
        raise Wrong(
            "For an image of 12 x 18 pixels and patches of 6 it is right, for one of "
            "18 x 12 and patches of 3 it is not."
        )
    return (
        "That is all a map of occlusion is. Looked at: a wide and a tall image, "
        "patches of 6 and of 3, and a rule of which we know what it looks at."
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
    features, slopes = rng.random((3, 4, 5)), rng.normal(0, 1, (3, 4, 5))
    # With these means the map and its reverse both have places above 0 and below: a
    # map without what is below 0 is never empty, so it may be divided by its largest.
    slopes += (_MEANS - slopes.mean(axis=(1, 2)))[:, None, None]

    def given(slopes):
        return array(call(answer, features, slopes), features.shape[1:])

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
    if _is_like(found, right):
        return (
            "Now the map hangs on what the network makes of its features, so the "
            "sanity check has something to find. Looked at: features with slopes, "
            "with reversed slopes, and with slopes that changed places."
        )
    if _is_like(found, -right):
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


def _is_like(found: np.ndarray, right: np.ndarray) -> bool:
    """Say whether a map is another in some units, or what is above 0 of it."""
    maps = found, right, right.clip(0)  # the original's drops what is below 0
    # an empty one stays empty
    own, whole, above = (each / (np.abs(each).max() or 1) for each in maps)
    return any(is_close(own, kept, rtol=0, atol=_SHADE) for kept in (whole, above))


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
    stronger = np.where(first == 1, 3, first)
    if given(stronger) <= given(first):
        raise Wrong(
            "One place inside the lesion speaks three times as strongly now, and your "
            f"share went from {given(first):.3f} to {given(stronger):.3f}."
        )
    for found in _FOUND:
        evidence, share = found.clip(0), given(found)
        if not is_right(share, evidence[_LESION].sum() / evidence.sum()):
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


what_a_mirror_shows = one_of(
    "what a mirror shows",
    (
        "What was compared, networks or images?",
        "Training with mirrored images is one question. An answer that stays when an "
        "image is mirrored is another.",
        "One network was asked twice about each image. Which sentence speaks of its "
        "answers and nothing else?",
    ),
    right={
        "c": "So much, and no more. Where the heart lies on the right, it would not "
        "notice. Whether mirrored training images help takes two networks, several "
        "seeds and an interval on their difference."
    },
    wrong={
        "a": "A second network, trained without mirrored images, was never asked.",
        "b": "Flat is flat: nothing was made better or worse. And which answers were "
        "right was not even counted.",
        "d": "One thing can be changed without effect and others not. Only the mirror "
        "was tried.",
    },
)

"""Checks of lesson 07: from a file to an answer, and what an answer is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xraylab.course.checks.answers import (
    Wrong,
    array,
    call,
    is_close,
    is_right,
    number,
    texts,
)
from xraylab.course.checks.asking import asks, one_of

_TABLE = pd.DataFrame(
    {
        "path": ["a1", "a2", "b1", "b2", "c1", "d1", "e1"],
        "image_id": ["a1", "a2", "b1", "b2", "c1", "d1", "a1"],
        "group_id": ["a", "a", "b", "b", "c", "d", "a"],
        "split": ["train", "valid", "train", "train", "valid", "test", "test"],
        "label": [0, 0, 1, 1, 1, 0, 0],
    }
)


what_a_pickle_does = one_of(
    "what a pickle may do",
    (
        "A pickle brings back any object. How does Python know how to build one?",
        "A pickle holds instructions: which functions to call, and with what.",
        "The function may be any that Python can find. When is it called, when the "
        "file is opened or when the model is used?",
    ),
    right={
        "b": "That is why this course keeps weights as plain numbers, the settings as "
        "text, and builds the network from its own code."
    },
    wrong={
        "a": "A file of plain numbers would do that, such as one that "
        "torch.load opens with weights_only=True. A pickle can hold more.",
        "c": "By then it is too late: what is in the file is carried out while it is "
        "opened.",
        "d": "Then nobody has changed it on the way. What the sender put in is still "
        "there.",
    },
)


@asks(
    "a fair gallery",
    "implement",
    (
        "Which images would make the demo look better than it is?",
        "Collect the children that stand in training first. Then leave out every row "
        "of theirs, in whichever part it is.",
        'seen = set(table.loc[table["split"] == "train", "group_id"]), then keep the '
        "rows whose group_id is not in it.",
    ),
)
def fair_gallery(answer):
    found = call(answer, _TABLE)
    if isinstance(found, pd.DataFrame) and "path" in found:
        found = found["path"]
    paths = texts(found, "paths")
    splits = _TABLE.set_index("path")["split"]
    unknown = [path for path in paths if path not in splits.index]
    if unknown:
        raise Wrong(f"{unknown[0]!r} is no path of the table. Give paths back.")
    trained = [path for path in paths if splits[path] == "train"]
    if trained:
        raise Wrong(f"{trained[0]} was trained on. The network may know it by heart.")
    if "e1" in paths:
        raise Wrong(
            "e1 stands in test, and shows the image of a1, which was trained on. Look "
            "at whose image it is, too."
        )
    if "a2" in paths:
        raise Wrong(
            "a2 was not trained on, but another image of the same child was. The "
            "network may know the child."
        )
    if set(paths) != {"c1", "d1"}:
        missing = sorted({"c1", "d1"} - set(paths))
        raise Wrong(
            f"{', '.join(missing)} would be fair to show: nothing of that child was "
            "trained on."
        )
    if len(paths) != len(set(paths)):
        raise Wrong("An image comes twice. Name each once.")
    return (
        "On images that it was trained on, a network may look better than it is. "
        "Looked at: a table of seven files, with a copy and a child in two parts."
    )


_LOGITS = ([0.5, 2.5], [0.0, 0.0], [2.5, 0.5], [-3.0, -1.0], [8.0, -8.0])


@asks(
    "two numbers to one",
    "compute",
    (
        "The two shares must be above 0 and add up to 1.",
        "Raise e to each of the numbers. Each share is its own part of the sum.",
        "Divide np.exp(logits[1]) by np.exp(logits).sum().",
    ),
)
def two_numbers_to_one(answer):
    for logits in _LOGITS:
        share = number(call(answer, np.array(logits)))
        shifted = number(call(answer, np.array(logits) + 1))
        swapped = number(call(answer, np.array(logits[::-1])))
        right = 1 / (1 + np.exp(logits[0] - logits[1]))
        share_is_right = is_right(share, right)
        if not 0 <= share <= 1:
            raise Wrong(f"For {logits} you give {share:.3f}, which is no share.")
        if not is_close(share + swapped, 1):
            raise Wrong(
                f"For {logits} you give {share:.3f}, with the two swapped "
                f"{swapped:.3f}. The shares of both classes must add up to 1."
            )
        if not is_close(share, shifted):
            raise Wrong(
                f"For {logits} you give {share:.3f}, and {shifted:.3f} when both are "
                "raised by 1. Only their distance should count."
            )
        if share_is_right:
            continue
        said = f"For {logits} you give {share:.6g}."
        if is_close(share, 1 - right):
            raise Wrong(f"{said} That is the share of normal.")
        raise Wrong(f"{said} Softmax gives pneumonia another share.")
    return (
        "This is softmax. All its trust is divided between the two words, always. "
        "Looked at: five pairs of numbers, swapped and shifted."
    )


@asks(
    "the same as in training",
    "repair",
    (
        "Take a dark image and the same one twice as bright. What becomes of them?",
        "In training every image was divided by one and the same number. Which?",
        "The largest value that a byte can hold is 255. Divide by that, whatever the "
        "image holds.",
    ),
)
def same_as_in_training(answer):
    dark = np.array([[0, 20], [40, 80]], dtype=np.uint8)
    found = {}
    for name, image in {"dark": dark, "bright": dark * 2, "black": dark * 0}.items():
        if name == "black" and np.allclose(found["dark"], found["bright"]):
            raise Wrong(
                "An image and the same one twice as bright become equal. In training "
                "they were different."
            )
        given = call(answer, image)
        try:
            found[name] = array(given, image.shape)
        except Wrong as wrong:
            raise Wrong(f"From the {name} image: {wrong}") from None
        if found[name].min() < 0 or found[name].max() > 1:
            raise Wrong(
                f"The values run from {found[name].min():g} to {found[name].max():g}. "
                "The network was trained on 0 to 1."
            )
    if not np.allclose(found["black"], 0):
        raise Wrong("Black does not stay 0.")
    if not is_right(found["dark"], dark / 255, atol=1e-6):
        off = np.abs(found["dark"] - dark / 255).argmax()
        raise Wrong(
            f"A value of {dark.flat[off]} becomes {found['dark'].flat[off]:.6g}. In "
            "training it became another one."
        )
    return (
        "What is done before the network must be what was done in training, down to "
        "the division. Looked at: a dark, a bright and a black image."
    )


sure_of_snow = one_of(
    "sure of snow",
    (
        "How many words does the network have?",
        "Softmax divides 1 between the words. Can it give little to both?",
        "The number compares the two words with each other. It compares the image with "
        "nothing.",
    ),
    right={
        "c": "The number says which of two words fits better. It cannot say that none "
        "does: the shares add up to 1, whatever is shown."
    },
    wrong={
        "a": "It has no word for odd. Half and half would be as near as it could come, "
        "and a sure answer is further away.",
        "b": "How often such an answer is right was never measured on snow, and there "
        "is no right answer to it.",
        "d": "Perhaps, perhaps not. Nothing above looked at what the network looks at.",
    },
)

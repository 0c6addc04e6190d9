"""Checks of lesson 03: places of a convolution, weights that move, scores, losses.

Networks come from the lesson, so torch is used through them and not loaded here.
"""

from __future__ import annotations

import copy
from functools import partial

import numpy as np

from xraylab.course.checks.answers import (
    Wrong,
    call,
    is_close,
    is_right,
    kind_of,
    number,
    numbers,
)
from xraylab.course.checks.asking import asks, one_of

_N = 5  # images
# Scores and weights: they agree as well as such networks can tell.
_NEAR = {"rtol": 0, "atol": 1e-5}
_FAR = 0.1  # for a weight in one step
_SURE = 5.0  # of a logit, up or down
_OTHER = 0.7  # of a logit: so far is the network of a task from that outside


@asks(
    "places along a side",
    "compute",
    (
        "Draw six boxes in a row, and count where a square of three can lie.",
        "With its zeros the side is side + 2 * padding long. The first place is at its "
        "start. How many further steps does the rest allow?",
        "The rest is side + 2 * padding - kernel. Whole steps in it: divide by stride "
        "with //. The first place comes on top: + 1.",
    ),
)
def places_along_a_side(answer):
    for side, kernel, stride, padding in (
        *((6, 3, 1, 0), (7, 5, 1, 0), (8, 3, 1, 1), (3, 3, 1, 0), (9, 3, 3, 0)),
        *((6, 3, 2, 0), (224, 7, 2, 3), (112, 3, 2, 1), (10, 4, 3, 1), (8, 1, 2, 0)),
    ):
        n = number(call(answer, side, kernel, stride, padding))
        whole = side + 2 * padding
        what = (
            f"A side of {side}, a square of {kernel}, steps of {stride}, padding "
            f"{padding}: you count {n:g}"
        )
        if not is_close(n, round(n)):
            raise Wrong(f"{what}. Places are counted, so the number is whole.")
        if (n - 1) * stride + kernel > whole:
            raise Wrong(
                f"{what}. On its last place the square would stick out of the "
                f"{whole} pixels."
            )
        if n * stride + kernel <= whole:
            raise Wrong(f"{what}. After the last place there is room for one more.")
    return (
        "With this you can follow any image through any such network. Looked at: ten "
        "sides, with steps from 1 to 3, with zeros and without."
    )


@asks(
    "what the optimiser holds",
    "repair",
    (
        "Which weights is the optimiser given, and which of the network are missing?",
        "A network lists all its weights by parameters(), and so does each of its "
        "parts. Ask the whole instead of the part.",
        "Hand network.parameters() to torch.optim.Adam, with the same lr.",
    ),
)
def what_the_optimiser_holds(answer, network):
    own = copy.deepcopy(network)
    optimiser = _call_with(answer, own)
    if not hasattr(optimiser, "param_groups"):
        raise Wrong(f"An optimiser is needed, found {kind_of(optimiser)}.")
    before = {name: weight.detach().clone() for name, weight in own.named_parameters()}
    for weight in own.parameters():  # as if each had a slope
        weight.grad = weight.detach() * 0 + 1 if weight.requires_grad else None
    try:
        optimiser.step(lambda: 0.0)  # some ask for the loss
    except Exception as error:
        raise Wrong(f"Its step stops with {type(error).__name__}: {error}") from None
    stayed = [n for n, w in own.named_parameters() if w.equal(before[n])]
    n = len(before)
    if len(stayed) == n:
        raise Wrong(
            f"After one step none of the {n} arrays of weights has changed. Does "
            "the optimiser hold the weights of the network that it is given?"
        )
    if stayed:
        raise Wrong(
            f"After one step {n - len(stayed)} of {n} arrays of weights have changed. "
            f"{stayed[0]} is as it was. Does anybody move it?"
        )
    steps = [(w.detach() - before[n]).abs() for n, w in own.named_parameters()]
    moved = max(float(step.amax()) for step in steps)
    if moved > _FAR:
        raise Wrong(
            f"One step moves a weight by {moved:.2f}. What was taken over may be "
            "lost: keep the steps as small as they were."
        )
    return (
        f"One step now moves all {n} arrays of weights. Before, most of the network "
        "was frozen, and no error said so. Looked at: each before and after a step."
    )


@asks(
    "scores of a network in use",
    "implement",
    (
        "What does dropout do to an answer, and how did the cells above switch it off?",
        "First network.eval(). Then logits of all images at once, softmax over the two "
        "classes, and of that the column of pneumonia.",
        "network.eval(), then network(x).softmax(1)[:, 1]. The 1 in softmax names the "
        "dimension of the classes.",
    ),
)
def scores_of_a_network_in_use(answer, network):
    own = _make_another(network).train()  # as training leaves it
    grey = np.random.default_rng(0).random((_N, 1, 32, 32))
    grey *= np.linspace(0.1, 1, _N)[:, None, None, None]
    x = next(own.parameters()).detach().new_tensor(grey)
    logits, outside = (
        copy.deepcopy(one).eval()(x).detach().numpy() for one in (own, network)
    )
    right = _score(logits)
    states = [own.state_dict(), copy.deepcopy(own.state_dict())]

    found = numbers(_call_with(answer, own, x), _N)
    again = numbers(_call_with(answer, own, x), _N)
    alone = numbers(_call_with(answer, own, x[:1]), 1)
    are_right = is_right(found, right, **_NEAR)
    if not is_close(found, again, **_NEAR):
        worst = np.abs(found - again).argmax()
        raise Wrong(
            f"Asked twice about the same image, you give {found[worst]:.5f} and "
            f"{again[worst]:.5f}. Is something in the network still drawn at random?"
        )
    if not is_close(found[:1], alone, **_NEAR):
        raise Wrong(
            f"The same image gets {found[0]:.5f} among {_N - 1} others, and "
            f"{alone[0]:.5f} alone. Who else is asked must not matter."
        )
    same = partial(is_close, **_NEAR)
    if not all(map(same, *(state.values() for state in states))):
        raise Wrong("The network is not as it was: asking must not change it.")
    for score in found:
        number(score, 0, 1)
    if not are_right:
        _refuse_scores(found, logits, outside)
    return (
        "A network in use drops nothing and gives each image its own answer. Looked "
        f"at: {_N} images, asked about twice, together and alone."
    )


def _make_another(network):
    """Copy a network, and let it answer otherwise."""
    other = copy.deepcopy(network)
    for bias, sign in zip(list(other.parameters())[-1].data, (1, -1), strict=True):
        bias += sign * _OTHER
    return other


def _score(logits: np.ndarray) -> np.ndarray:
    """Probabilities of pneumonia, by softmax."""
    return 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))


def _refuse_scores(found: np.ndarray, logits: np.ndarray, outside: np.ndarray) -> None:
    """Say what wrong scores are, or which of them is furthest off."""
    right = _score(logits)
    if is_close(found, 1 - right, **_NEAR):
        raise Wrong("These are the probabilities of normal, the class with number 0.")
    if is_close(found, _score(outside), **_NEAR):
        raise Wrong(
            "These are the scores of the network outside of the function. It is given "
            "one, by the name of its first argument; ask that."
        )
    worst = np.abs(found - right).argmax()
    normal, pneumonia = logits[worst]
    raise Wrong(
        f"The logits of one image are {normal:.3f} for normal and "
        f"{pneumonia:.3f} for pneumonia. You give it {found[worst]:.5f}, and "
        "softmax gives another number."
    )


def _call_with(answer: object, network: object, *values: object) -> object:
    """Call the learner's function on a network of ours, which it may change."""
    return call(partial(answer, network) if callable(answer) else answer, *values)


@asks(
    "a loss that fits",
    "repair",
    (
        "What should an answer cost that is sure and right? Try logits of -5 and 5.",
        "cross_entropy takes the softmax itself. What happens to logits that went "
        "through one before?",
        "Leave out the line that makes probabilities, and hand the logits in its place "
        "to functional.cross_entropy: torch.tensor(logits)[None].",
    ),
)
def loss_that_fits(answer):
    sure = np.array([-_SURE, _SURE])
    costs = {
        "sure and right": (sure, 1),
        "sure and right about a normal image": (sure[::-1].copy(), 0),
        "sure and wrong": (sure, 0),
        "half and half": (np.zeros(2), 1),
        "half and half, of higher logits": (np.full(2, 3.0), 0),
        "a little wrong": (np.array([1.0, 0.5]), 1),
        "a little right": (np.array([0.5, 2.5]), 1),
    }
    for what, (logits, label) in costs.items():
        cost = number(call(answer, logits, label))
        right = np.logaddexp(*logits) - logits[label]
        asked = f"Logits {logits.tolist()} and truth {label} are {what}"
        if cost < 0:
            raise Wrong(f"{asked}, and cost {cost:.3g}. No answer costs less than 0.")
        if is_right(cost, right, rtol=1e-3, atol=1e-4):
            continue
        if what.startswith("sure and right") and cost > 0.01:
            raise Wrong(
                f"{asked}, and still cost {cost:.3f}. Training would go on pulling at "
                "answers that are fine."
            )
        side = "much" if cost > right else "little"
        raise Wrong(
            f"{asked}. {cost:.6g} is too {side} for that: the loss is minus the "
            "logarithm of the probability that softmax gives to the truth."
        )
    return (
        "A loss that cannot reach zero looks like a network that cannot learn. Looked "
        "at: seven answers, from sure and right to sure and wrong."
    )


what_a_loss_says = one_of(
    "what a mean loss says",
    (
        "How many different answers can have the same mean cost?",
        "Nine answers that cost little and one that costs a lot: what may their mean "
        "be, and how many of the ten are right?",
        "A mean says nothing of single answers, and no cause. Which sentence speaks of "
        "the mean alone?",
    ),
    right={
        "a": "And no more than that. Half and half would have done as well on the "
        "average, whatever the single answers are."
    },
    wrong={
        "b": "They may be. A few that are sure and wrong can also cost as much as many "
        "good ones save. The mean does not tell.",
        "c": "Loss is not accuracy: most answers may be right, if the wrong ones are "
        "sure of themselves.",
        "d": "Perhaps. There may also be nothing to learn, or an optimiser that holds "
        "too little. A cause needs a second training to compare with.",
    },
)

"""Answers to try on the checks of lesson 03."""

import copy

import numpy as np
import torch
from scipy.special import log_softmax
from torch import nn
from torch.nn import functional
from torch.optim import SGD, Adam, AdamW

from tests.course.checks.cases import Case
from xraylab.training import models


def places_in_a_loop(side, kernel, stride, padding):
    n, start = 0, -padding
    while start + kernel <= side + padding:
        n, start = n + 1, start + stride
    return n


def places_by_library(side, kernel, stride, padding):
    row = torch.zeros(1, 1, side)
    return functional.conv1d(
        row, torch.ones(1, 1, kernel), None, stride, padding
    ).numel()


def places_by_windows(side, kernel, stride, padding):
    whole = np.pad(np.zeros(side), padding)
    return len(np.lib.stride_tricks.sliding_window_view(whole, kernel)[::stride])


def heir():
    return (models.make_model("small", seed=2),)


def adam_of_groups(network):
    last = {id(weight) for weight in network.network.fc.parameters()}
    others = [w for w in network.parameters() if id(w) not in last]
    groups = [{"params": others, "lr": 1e-4}]
    return Adam([*groups, {"params": network.network.fc.parameters()}], lr=1e-3)


def adam_of_names(network):
    return AdamW(dict(network.named_parameters()).values(), lr=0.001)


def sgd_of_modules(network):
    weights = [w for m in network.modules() for w in m.parameters(recurse=False)]
    return SGD(weights, lr=0.01, momentum=0.9)


def frozen_first(network):
    for weight in network.network.block1.parameters():
        weight.requires_grad = False
    return Adam(network.parameters(), lr=0.001)


def all_but_the_last(network):
    return Adam([w for n, w in network.named_parameters() if ".fc." not in n])


def convolutions_only(network):
    return Adam([w for w in network.parameters() if w.ndim == 4])


def scores_by_hand(network, x):
    logits = network.eval()(x).detach().numpy()
    power = np.exp(logits - logits.max(axis=1, keepdims=True))
    return power[:, 1] / power.sum(axis=1)


def scores_one_by_one(network, x):
    network.train(False)
    with torch.inference_mode():
        return [float(functional.softmax(network(one[None])[0], dim=0)[1]) for one in x]


def scores_by_difference(network, x):
    network = copy.deepcopy(network).eval()
    logits = network(x)
    return torch.sigmoid(logits[:, 1] - logits[:, 0])


def scores_put_back(network, x):
    was = network.training
    network.eval()
    scores = network(x).softmax(dim=-1).T[1]
    network.train(was)
    return scores.tolist()


def scores_as_in_training(network, x):
    return network(x).softmax(1)[:, 1]


def scores_without_dropout_only(network, x):
    network.network.fc.eval()
    return network(x).softmax(1)[:, 1]


def scores_after_a_look(network, x):
    network(x)
    return network.eval()(x).softmax(1)[:, 1]


def in_use(network, x):
    return network.eval()(x).detach()


def scores_over_images(network, x):
    return in_use(network, x).softmax(0)[:, 1]


def loss_by_hand(logits, label):
    probability = np.exp(logits) / np.exp(logits).sum()
    return -np.log(probability[label])


def loss_by_difference(logits, label):
    return np.log1p(np.exp(logits[1 - label] - logits[label]))


def loss_by_parts(logits, label):
    row = torch.log_softmax(torch.tensor(logits, dtype=torch.float32), 0)
    return nn.NLLLoss()(row[None], torch.tensor([label]))


def loss_by_two_classes(logits, label):
    score, target = (torch.tensor(v) for v in (logits[1] - logits[0], float(label)))
    return functional.binary_cross_entropy_with_logits(score, target.double())


def softmax_twice(logits, label):
    probability = np.exp(logits) / np.exp(logits).sum()
    return -log_softmax(probability)[label]


CASES = [
    Case(
        "places along a side",
        right=[
            lambda side, kernel, stride, padding: (
                (side + 2 * padding - kernel) // stride + 1
            ),
            places_in_a_loop,
            places_by_library,
            places_by_windows,
            lambda s, k, step, p: len(range(0, s + 2 * p - k + 1, step)),
            lambda s, k, step, p: np.floor((s + p + p - k + step) / step),
        ],
        wrong={
            "the first place forgotten": (
                lambda s, k, step, p: (s + 2 * p - k) // step,
                "room for one more",
            ),
            "the last place refused": (
                lambda s, k, step, p: (s + 2 * p - k - 1) // step + 1,
                "room for one more",
            ),
            "zeros at one end": (
                lambda s, k, step, p: (s + p - k) // step + 1,
                "room for one more",
            ),
            "no zeros": (lambda s, k, step, p: (s - k) // step + 1, "for one more"),
            "the square forgotten": (
                lambda s, k, step, p: (s + 2 * p) // step,
                "stick out",
            ),
            "rounded up": (
                lambda s, k, step, p: -(-(s + 2 * p - k) // step) + 1,
                "stick out",
            ),
            "not whole": (
                lambda s, k, step, p: (s + 2 * p - k) / step + 1,
                "so the number is whole",
            ),
            "one step only": (lambda s, k, step, p: s + 2 * p - k + 1, "stick out"),
            "step before rest": (
                lambda s, k, step, p: (s + 2 * p) // step - k + 1,
                "room for one more",
            ),
            "side by side": (lambda s, k, step, p: (s + 2 * p) // k, "for one more"),
            "both sides": (lambda s, k, step, p: (4, 4), "One number"),
        },
    ),
    Case(
        "what the optimiser holds",
        right=[
            lambda network: Adam(network.parameters(), lr=0.001),
            adam_of_groups,
            adam_of_names,
            sgd_of_modules,
            lambda network: Adam(list(network.network.parameters()), lr=0.001),
            lambda network: torch.optim.RMSprop(network.parameters()),
            lambda network: torch.optim.LBFGS(network.parameters(), lr=0.01),
        ],
        wrong={
            "as it was": (
                lambda network: Adam(network.network.fc.parameters(), lr=0.001),
                "2 of 36 arrays",
            ),
            "all but the last": (all_but_the_last, "network.fc.1.weight is as it was"),
            "convolutions only": (convolutions_only, "is as it was"),
            "frozen first": (frozen_first, "network.block1.conv1.weight is as it was"),
            "of another network": (
                lambda network: Adam(copy.deepcopy(network).parameters()),
                "of the network that it is given",
            ),
            "no step": (
                lambda network: Adam(network.parameters(), lr=0.0),
                "none of the 36 arrays",
            ),
            "steps too long for one layer": (
                lambda network: Adam(
                    [
                        {"params": network.network.fc.parameters(), "lr": 1.0},
                        {"params": [w for w in network.parameters() if w.ndim == 4]},
                        *(
                            {"params": [w]}
                            for name, w in network.named_parameters()
                            if w.ndim < 4 and ".fc." not in name
                        ),
                    ]
                ),
                "One step moves a weight by 1.00",
            ),
            "steps too long": (
                lambda network: Adam(network.parameters(), lr=1.0),
                "What was taken over may be lost",
            ),
            "the weights themselves": (
                lambda network: list(network.parameters()),
                "An optimiser is needed, found a list",
            ),
            "a step that cannot be": (
                lambda network: torch.optim.SparseAdam(network.parameters()),
                "Its step stops with RuntimeError",
            ),
            "not called": (lambda network: Adam(network.parameters), "TypeError"),
            "nothing to hold": (lambda network: Adam([]), "empty parameter list"),
        },
        given=heir,
    ),
    Case(
        "scores of a network in use",
        right=[
            lambda network, x: network.eval()(x).softmax(1)[:, 1],
            scores_by_hand,
            scores_one_by_one,
            scores_by_difference,
            scores_put_back,
        ],
        wrong={
            "as in training": (scores_as_in_training, "still drawn at random"),
            "dropout off, the rest on": (
                scores_without_dropout_only,
                "must not matter",
            ),
            "a look in training": (scores_after_a_look, "must not change it"),
            "class 0": (lambda n, x: in_use(n, x).softmax(1)[:, 0], "of normal"),
            "over the images": (scores_over_images, "among 4 others"),
            "the logit": (lambda n, x: in_use(n, x)[:, 1], "from 0 to 1"),
            "one logit alone": (
                lambda n, x: in_use(n, x)[:, 1].sigmoid(),
                "The logits of",
            ),
            "softmax twice": (
                lambda n, x: in_use(n, x).softmax(1).softmax(1)[:, 1],
                "softmax gives another number",
            ),
            "an answer instead": (lambda n, x: in_use(n, x).argmax(1), "The logits of"),
            "the network of the notebook": (
                lambda n, x: in_use(heir()[0], x).softmax(1)[:, 1],
                "the network outside of the function",
            ),
            "both classes": (lambda n, x: in_use(n, x).softmax(1), "among them"),
            "the first image": (
                lambda n, x: in_use(n, x).softmax(1)[0, 1],
                "5 numbers are needed",
            ),
            "the images changed": (
                lambda n, x: in_use(n, x.mul_(0.5)).softmax(1)[:, 1],
                "Work on a copy",
            ),
        },
        given=heir,
    ),
    Case(
        "a loss that fits",
        right=[
            loss_by_hand,
            loss_by_difference,
            loss_by_parts,
            loss_by_two_classes,
            lambda logits, label: -log_softmax(logits)[label],
            lambda logits, label: functional.cross_entropy(
                torch.tensor(logits), torch.tensor(label)
            ),
        ],
        wrong={
            "softmax twice": (softmax_twice, "Training would go on pulling"),
            "raw scores": (lambda z, y: -z[y], "No answer costs less than 0"),
            "the sign": (lambda z, y: -loss_by_hand(z, y), "less than 0"),
            "the other class": (
                lambda z, y: loss_by_hand(z, 1 - y),
                "Training would go on pulling",
            ),
            "always pneumonia": (
                lambda z, y: loss_by_hand(z, 1),
                "right about a normal image",
            ),
            "no logarithm": (
                lambda z, y: 1 - np.exp(-loss_by_hand(z, y)),
                "too little",
            ),
            "another logarithm": (
                lambda z, y: loss_by_hand(z, y) / np.log(2),
                "is too much for that",
            ),
            "its square": (lambda z, y: loss_by_hand(z, y) ** 2, "is too much"),
            "one logit alone": (
                lambda z, y: np.log1p(np.exp(-z[y])),
                "minus the logarithm",
            ),
            "the probability": (
                lambda z, y: np.exp(-loss_by_hand(z, y)),
                "Training would go on pulling",
            ),
            "labels as words": (
                lambda z, y: loss_by_hand(z, ["normal", "pneumonia"][y]),
                "IndexError",
            ),
        },
    ),
    Case(
        "what a mean loss says",
        right=["a", "A ", " a"],
        wrong={
            "each as the mean": ("b", "The mean does not tell"),
            "loss taken for accuracy": ("c", "Loss is not accuracy"),
            "a cause at once": ("d", "needs a second training"),
            "no letter": (0.69, "is needed"),
        },
    ),
]

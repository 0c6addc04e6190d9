"""Answers to try on the checks of lesson 06."""

import numpy as np
import torch
from scipy.special import softmax

from tests.course.checks.cases import Case
from xraylab import explanation


def occlude(score, image, patch_px, grey=None, sign=1, turn=False, copy=True):
    found = np.zeros(image.shape)
    hidden = image.copy()
    for y in range(0, image.shape[0], patch_px):
        for x in range(0, image.shape[1], patch_px):
            place = slice(y, y + patch_px), slice(x, x + patch_px)
            hidden = image.copy() if copy else hidden
            hidden[place] = round(image.mean()) if grey is None else grey
            fall = score(image[None])[0] - score(hidden[None])[0]
            found[place[::-1] if turn else place] = sign * fall
    return found


def occlude_with(**mistake):
    return lambda score, image, patch_px: occlude(score, image, patch_px, **mistake)


def occlude_at_once(score, image, patch_px):
    height, width = (side // patch_px for side in image.shape)
    number = np.kron(
        np.arange(height * width).reshape(height, width), np.ones((patch_px,) * 2)
    )
    hidden = [np.where(number == i, image.mean(), image) for i in range(height * width)]
    falls = score(image[None]) - score(np.stack(hidden))
    return falls[number.astype(int)].tolist()


def occlude_by_the_package(score, image, patch_px):
    return explanation.occlusion_map(score, image, patch_px, patch_px)


def occlude_in_place(score, image, patch_px):
    found = np.zeros(image.shape)
    whole = score(image[None])[0]
    for y in range(0, image.shape[0], patch_px):
        for x in range(0, image.shape[1], patch_px):
            image[y : y + patch_px, x : x + patch_px] = 100
            found[y : y + patch_px, x : x + patch_px] = whole - score(image[None])[0]
    return found


def gradcam_in_a_loop(features, slopes):
    found = 0
    for feature, slope in zip(features, slopes, strict=True):
        found = found + slope.mean() * feature
    return np.maximum(found, 0)


def gradcam_to_one(features, slopes):
    found = np.tensordot(slopes.sum(axis=(1, 2)), features, axes=1)
    return found / np.abs(found).max()


def gradcam_as_usual(features, slopes):
    found = np.maximum(np.tensordot(slopes.mean(axis=(1, 2)), features, axes=1), 0)
    return found / found.max()


def gradcam_with_torch(features, slopes):
    weights = torch.tensor(slopes).mean(dim=(1, 2), keepdim=True)
    found = torch.relu((weights * torch.tensor(features)).sum(0))
    found = found - found.min()
    return found / found.max()


def shifted(features, slopes):
    found = np.einsum("i,ijk->jk", slopes.mean(axis=(1, 2)), features)
    return (found - found.min()) / np.ptp(found)


def inside_in_a_loop(found, lesion):
    inside = whole = 0
    for value, is_inside in zip(found.ravel(), lesion.ravel(), strict=True):
        if value > 0:
            whole += value
            inside += value * is_inside
    return inside / whole


CASES = [
    Case(
        "occlusion by hand",
        right=[
            occlude,
            occlude_at_once,
            occlude_by_the_package,
        ],
        wrong={
            "sign": (occlude_with(sign=-1), "your map is below 0"),
            "black": (occlude_with(grey=0), "Black is a sign"),
            "white": (occlude_with(grey=255), "White is a sign"),
            "other patches stay": (occlude_with(copy=False), "One patch at a time"),
            "the image is painted over": (occlude_in_place, "changes what it is given"),
            "x and y": (occlude_with(turn=True), "where its patch was"),
            "the answer itself": (
                lambda s, i, p: s(i[None])[0] - occlude(s, i, p),
                "How far did each fall",
            ),
            "one number": (lambda s, i, p: s(i[None])[0], "of the shape"),
            "as a share of itself": (
                lambda s, i, p: occlude(s, i, p) / occlude(s, i, p),
                "must be finite",
            ),
            "half of it": (
                lambda s, i, p: occlude(s, i, p) / 2,
                "from -0.720 to 2.160",
            ),
            "kept as an image": (
                lambda s, i, p: np.round(np.abs(occlude(s, i, p))).astype(np.uint8),
                "whole numbers from 0 on",
            ),
            "patches of six": (lambda s, i, p: occlude(s, i, 6), "patches of 3"),
            "as tall as wide": (
                lambda s, i, p: np.where(
                    np.arange(len(i))[:, None] < i.shape[1], occlude(s, i, p), 0
                ),
                "for one of 18 x 12",
            ),
        },
    ),
    Case(
        "what Grad-CAM forgot",
        right=[
            lambda f, s: (s.mean(axis=(1, 2))[:, None, None] * f).sum(axis=0),
            gradcam_in_a_loop,
            gradcam_to_one,
            gradcam_as_usual,
            gradcam_with_torch,
            lambda f, s: np.einsum("i,ijk->jk", s.mean((1, 2)), f).tolist(),
        ],
        wrong={
            "as it was": (lambda f, s: f.mean(axis=0), "stays the same"),
            "weights without sign": (
                lambda f, s: np.einsum("i,ijk->jk", abs(s.mean((1, 2))), f),
                "stays the same",
            ),
            "place by place": (lambda f, s: (f * s).sum(axis=0), "one weight"),
            "slopes alone": (lambda f, s: s.mean(axis=0), "one weight"),
            "turned round": (
                lambda f, s: -np.einsum("i,ijk->jk", s.mean((1, 2)), f),
                "speak against",
            ),
            "turned round and cut": (
                lambda f, s: gradcam_as_usual(f, -s),
                "speak against",
            ),
            "divided by nothing": (
                lambda f, s: gradcam_as_usual(f, -abs(s)),
                "must be finite",
            ),
            "empty": (lambda f, s: 0 * f[0], "stays the same"),
            "shifted": (shifted, "was shifted"),
            "one weight for all": (lambda f, s: s.mean() * f.sum(axis=0), "of its own"),
            "not summed": (
                lambda f, s: s.mean(axis=(1, 2))[:, None, None] * f,
                "of the shape",
            ),
        },
    ),
    Case(
        "share inside by hand",
        right=[
            lambda f, m: f.clip(0)[m].sum() / f.clip(0).sum(),
            inside_in_a_loop,
            lambda f, m: f[m & (f > 0)].sum() / f[f > 0].sum(),
            lambda f, m: explanation.measure_map(f, m)["inside"],
            lambda f, m: np.average(m, weights=np.maximum(f, 0)),
        ],
        wrong={
            "what speaks against counted": (
                lambda f, m: np.clip(f[m].sum() / f.sum(), 0, 1),
                "speaks against",
            ),
            "signs left out": (
                lambda f, m: abs(f)[m].sum() / abs(f).sum(),
                "speaks against",
            ),
            "area": (lambda f, m: m.mean(), "three times as strongly"),
            "pixels": (
                lambda f, m: (f[m] > 0).sum() / (f > 0).sum(),
                "went from 0.500 to 0.500",
            ),
            "pointing game": (
                lambda f, m: float(m.flat[f.argmax()]),
                "as strongly now",
            ),
            "not divided": (lambda f, m: f.clip(0)[m].sum(), "from 0 to 1"),
            "softmax": (lambda f, m: softmax(f)[m].sum(), "seven times that map 0.001"),
            "outside": (
                lambda f, m: f.clip(0)[~m].sum() / f.clip(0).sum(),
                "went from 0.600 to 0.500",
            ),
            "mean inside": (
                lambda f, m: f.clip(0)[m].mean() / f.clip(0).max(),
                "above 0 in all",
            ),
        },
    ),
    Case(
        "what a dose shows",
        right=["b", "B", " b"],
        wrong={
            "where": ("a", "knows nothing of pneumonia"),
            "nothing else": ("c", "Would others move it"),
            "cleared": ("d", "clears one change"),
            "no letter": (3.5, "is needed"),
        },
    ),
    Case(
        "what a mirror shows",
        right=["c", "C", " c "],
        wrong={
            "a cause": ("a", "never asked"),
            "better": ("b", "Flat is flat"),
            "steady in all": ("d", "Only the mirror"),
            "no letter": (0.01, "is needed"),
        },
    ),
]

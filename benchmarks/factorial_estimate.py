"""Figures of the factorial experiment: one contrast of cells, with its draws.

The interval draws whole groups and, inside each draw, the seeds; another allows
for few trainings. See factorial_plan.md, and factorial_coverage.py for how often each
holds the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from scipy.special import expit, logit, stdtrit

from xraylab.evaluation.intervals import wilson

METRICS = ("accuracy", "sensitivity", "specificity", "AUROC")
N_BOOT = 4000
SEED = 19
LEVEL = 0.95
IMAGES = ("R", "O0", "O1")
# streams of random numbers, all apart: groups by set of images, trainings by test
STREAMS = {name: (SEED, i) for i, name in enumerate((*IMAGES, "R: seeds", "O: seeds"))}
FEWEST = 10  # groups that must differ before a difference is called an effect


@dataclass(frozen=True)
class Unit:
    """One training's facts and its answers on O and on R."""

    cell: str
    weights: str
    n_steps: int
    seed: int
    half: int
    valid_auroc: float
    answers: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Estimate:
    """A figure, what the draws made of it, and what stands behind it."""

    value: float
    draws: np.ndarray  # shape (n_boot,)
    seeds: tuple[int, ...]
    n_images: int
    n_groups: int
    n_differ: int | None  # groups whose answers differ; None where not counted
    per_image_seeds: int  # trainings that judged the same images
    # variance and its degrees of freedom: of the images, then of each set's trainings
    parts: tuple[tuple[float, float], ...]

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Percentile interval, for differences."""
        tail = (1 - level) / 2
        low, high = np.quantile(self.draws, [tail, 1 - tail])
        return float(low), float(high)

    def few_interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Interval that allows for few trainings, for differences.

        The variance between trainings is added to that between groups; t has the
        degrees of freedom of the sum (Satterthwaite 1946). Without end where one
        training judged the images: how far trainings differ is then not known.
        """
        variances, freedom = np.array(self.parts).T
        total = variances.sum()
        if not np.isfinite(total):
            return -np.inf, np.inf
        if total == 0:
            return self.value, self.value
        t = stdtrit(total**2 / (variances**2 / freedom).sum(), (1 + level) / 2)
        return self.value - t * np.sqrt(total), self.value + t * np.sqrt(total)

    def level_interval(self, metric: str) -> tuple[float, float]:
        """Interval of a figure itself, where percentiles near 1 are too narrow.

        A share: Wilson (1927) at the effective sample size that gives the variance of
        the draws, at most the number of images, and the number of groups at 0 or 1.
        AUROC: on the logit scale. Both with t of groups - 1 degrees of freedom.
        """
        value, deviation = self.value, self.draws.std(ddof=1)
        t = stdtrit(self.n_groups - 1, (1 + LEVEL) / 2)
        if value in {0, 1}:
            return wilson(value, self.n_groups, t)
        if metric == "AUROC":
            reach = t * deviation / (value * (1 - value))
            low, high = expit(logit(value) + np.array([-reach, reach]))
            return float(low), float(high)
        if deviation == 0:  # too few draws to tell
            return wilson(value, self.n_images, t)
        return wilson(value, min(self.n_images, value * (1 - value) / deviation**2), t)


def judge(found: Estimate, strict: tuple[float, float], small: float) -> str:
    """Say "settled", "settled as small" or "not settled", by the plans' rule."""
    low, high = strict
    if found.per_image_seeds < 2:
        return "not settled"
    if (low > 0 or high < 0) and found.n_differ >= FEWEST:
        return "settled"
    return "settled as small" if low >= -small and high <= small else "not settled"


Term = tuple[str, int, str]  # cell, steps and weights: what a training is but its seed


class Experiment:
    """The units, with one set of draws for each set of images.

    Parameters
    ----------
    units : list of Unit
    n_boot : int
        Draws of groups.
    """

    def __init__(self, units: list[Unit], n_boot: int = N_BOOT) -> None:
        self.units = {(u.cell, u.n_steps, u.weights, u.seed): u for u in units}
        self.half = {u.seed: u.half for u in units}
        self.n_boot = n_boot
        self._judged, self._weights, self._measured = {}, {}, {}
        for unit in units:
            for test in unit.answers:
                self._check_same_images(unit, test)

    def estimate(
        self,
        test: str,
        metric: str,
        terms: Mapping[Term, float],
        *,
        exposed: str | None = None,
    ) -> Estimate | None:
        """Average a contrast of cells over seeds and halves.

        Parameters
        ----------
        test : str
            "O" or "R".
        metric : str
            One of `METRICS`.
        terms : mapping of (cell, n_steps, weights) to its factor
            Such as {("copies", 1450, "none"): 1, ("clean", 1450, "none"): -1}.
        exposed : str, optional
            Flag of the answers; only images with it count.

        Returns
        -------
        Estimate, or None when no seed has all the cells, or no image counts.
        """
        blocks = self._seeds_by_images(test, terms)
        values, drawn = [], []  # of each set of images: of its trainings
        for seeds in blocks:
            found = [self._contrast(test, metric, terms, s, exposed) for s in seeds]
            if any(f is None for f in found):
                return None
            values.append(np.array([value for value, _ in found]))  # (S,)
            drawn.append(np.array([by_draw for _, by_draw in found]))  # (S, n_boot)
        if not values:
            return None
        # which of R's images are copied differs from half to half
        rows = [self._rows(test, seed, exposed) for seed in chain(*blocks)]
        rows = pd.concat(rows).drop_duplicates("path")
        counted = rows[_among(metric, rows)]
        n_groups = counted["group_id"].nunique()
        return Estimate(
            value=float(np.mean([each.mean() for each in values])),
            draws=draw_trainings(
                drawn, np.random.default_rng(STREAMS[f"{test}: seeds"])
            ),
            seeds=tuple(sorted(chain(*blocks))),
            n_images=len(counted),
            n_groups=n_groups,
            n_differ=self._count_differing(test, metric, terms, blocks, exposed),
            per_image_seeds=min(map(len, blocks)),
            parts=list_parts(values, drawn, n_groups),
        )

    def _seeds_by_images(self, test: str, terms: Mapping) -> list[list[int]]:
        """Seeds that have every cell, together where they judged the same images.

        On O both halves count with as many seeds; a half that has none is left out.
        """
        seeds = sorted(
            seed
            for seed in self.half
            if all((*term, seed) in self.units for term in terms)
        )
        if test == "R":
            return [seeds] if seeds else []
        halves = [[s for s in seeds if self.half[s] == half] for half in (0, 1)]
        there = [half for half in halves if half]
        n = min(map(len, there), default=0)
        return [half[:n] for half in there]

    def _contrast(
        self, test: str, metric: str, terms: Mapping, seed: int, exposed: str | None
    ) -> tuple[float, np.ndarray] | None:
        value, draws = 0.0, np.zeros(self.n_boot)
        for term, factor in terms.items():
            found = self._measure((*term, seed), test, metric, exposed)
            if found is None:
                return None
            value, draws = value + factor * found[0], draws + factor * found[1]
        return value, draws

    def _measure(
        self, key: tuple, test: str, metric: str, exposed: str | None
    ) -> tuple[float, np.ndarray] | None:
        """A unit's figure and its value in every draw; None without both classes."""
        place = (key, test, metric, exposed)
        if place not in self._measured:
            rows = self.units[key].answers[test]
            keep = _flagged(rows, exposed)
            self._measured[place] = None
            if set(rows.loc[keep, "label"]) == {0, 1}:
                weights = self._weights[_images(test, self.units[key].half)][:, keep]
                once = np.ones((1, keep.sum()))
                self._measured[place] = (
                    float(measure(metric, rows[keep], once)[0]),
                    measure(metric, rows[keep], weights),
                )
        return self._measured[place]

    def _rows(self, test: str, seed: int, exposed: str | None) -> pd.DataFrame:
        unit = next(unit for unit in self.units.values() if unit.seed == seed)
        rows = unit.answers[test].drop(columns="score")
        return rows[_flagged(rows, exposed)]

    def _check_same_images(self, unit: Unit, test: str) -> None:
        images = _images(test, unit.half)
        # which of R's images are copied is drawn anew with each half of the block
        rows = unit.answers[test][["path", "group_id", "label"]]
        if images not in self._judged:
            self._judged[images] = rows
            self._weights[images] = draw_groups(rows, self.n_boot, STREAMS[images])
        elif not self._judged[images].equals(rows):
            raise ValueError(
                f"all units must judge the same images, {unit.cell} of seed "
                f"{unit.seed} judged others as {images}. Run it anew with the same cut."
            )

    def _count_differing(
        self, test: str, metric: str, terms: Mapping, blocks: list, exposed: str | None
    ) -> int | None:
        """Count the groups in which two cells call an image differently."""
        if metric == "AUROC" or sorted(terms.values()) != [-1, 1]:
            return None
        differing = set()
        for seed in chain(*blocks):
            one, other = (self.units[(*term, seed)].answers[test] for term in terms)
            differ = (one["score"] >= 0.5) != (other["score"] >= 0.5)
            keep = differ & _flagged(one, exposed) & _among(metric, one)
            differing |= set(one.loc[keep, "group_id"])
        return len(differing)


def draw_trainings(drawn: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draw trainings inside each draw of groups, and average.

    Parameters
    ----------
    drawn : list of array, shape (S, n_boot)
        Of each set of images: the figure of each training in each draw of groups.

    Returns
    -------
    array of float, shape (n_boot,)
    """
    means = []
    for each in drawn:
        n_seeds, n_boot = each.shape
        # S - 1 of S: the variance of a mean of few seeds comes out right
        chosen = rng.integers(n_seeds, size=(max(1, n_seeds - 1), n_boot))
        means.append(np.take_along_axis(each, chosen, axis=0).mean(axis=0))
    return np.mean(means, axis=0)


def list_parts(
    values: list[np.ndarray], drawn: list[np.ndarray], n_groups: int
) -> tuple[tuple[float, float], ...]:
    """Give what the variance of a figure is made of, as in `Estimate.parts`.

    `values` has each training's figure, shape (S,); `drawn` is as in `draw_trainings`.
    """
    of_images = np.mean([each.mean(axis=0) for each in drawn], axis=0).var(ddof=1)
    parts = [(float(of_images), n_groups - 1)]
    for each in values:
        n_seeds = len(each)
        spread = each.var(ddof=1) / n_seeds if n_seeds > 1 else np.inf
        parts.append((float(spread) / len(values) ** 2, max(1, n_seeds - 1)))
    return tuple(parts)


def _images(test: str, half: int) -> str:
    """Name the images that a unit judged: R is the same for both halves."""
    return "R" if test == "R" else f"O{half}"


def draw_groups(rows: pd.DataFrame, n_boot: int, seed: tuple) -> np.ndarray:
    """Say how often each row is drawn: whole groups, within each class.

    Returns
    -------
    array of float, shape (n_boot, len(rows))
    """
    if (rows.groupby("group_id")["label"].nunique() > 1).any():
        raise ValueError("a group must hold one class, found one with both.")
    rng = np.random.default_rng(seed)
    weights = np.zeros((n_boot, len(rows)))
    for label in (0, 1):
        of_class = np.flatnonzero(rows["label"] == label)
        group, names = pd.factorize(rows["group_id"].iloc[of_class])
        n = len(names)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=n_boot)
        weights[:, of_class] = counts[:, group]
    return weights


def measure(metric: str, rows: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """Compute a figure once for each row of weights.

    Parameters
    ----------
    metric : str
        One of `METRICS`, or balanced_accuracy; all but AUROC call pneumonia from a
        score of 0.5.
    rows : DataFrame
        Columns label and score, n rows of both classes.
    weights : array, shape (k, n)
        How often each row counts.

    Returns
    -------
    array of float, shape (k,)
    """
    label, score = rows["label"].to_numpy(), rows["score"].to_numpy()
    if metric == "AUROC":
        return _auroc(label, score, weights)
    if metric == "balanced_accuracy":
        both = [measure(m, rows, weights) for m in ("sensitivity", "specificity")]
        return np.mean(both, axis=0)
    right = (score >= 0.5) == label
    among = _among(metric, rows)
    return (weights @ (right & among)) / (weights @ among)


def _auroc(label: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight of the pairs in which pneumonia scores higher; a tie counts half."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    positive, negative = (
        np.add.reduceat(weights[:, order] * (label[order] == c), starts, axis=1)
        for c in (1, 0)
    )
    below = negative.cumsum(axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return (positive * below).sum(axis=1) / pairs


def _flagged(rows: pd.DataFrame, flag: str | None) -> np.ndarray:
    return np.ones(len(rows), bool) if flag is None else rows[flag].eq(1).to_numpy()


def _among(metric: str, rows: pd.DataFrame) -> np.ndarray:
    """Mark the rows a metric counts."""
    label = {"sensitivity": 1, "specificity": 0}.get(metric)
    if label is None:
        return np.ones(len(rows), bool)
    return rows["label"].eq(label).to_numpy()

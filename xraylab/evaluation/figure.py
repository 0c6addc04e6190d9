"""A figure with its interval: how it is kept, and how it is written everywhere."""

from __future__ import annotations

import math
from typing import NamedTuple

_NOT_GIVEN = "not given: "  # begins the method of an interval that is not there


class Interval(NamedTuple):
    """A figure with its 95 % interval and what stands behind it.

    Attributes
    ----------
    value, low, high : float
        low and high are NaN when no interval is given; NaN as value when the
        figure is not defined, such as a share of no rows.
    n : int
        Rows behind the figure; for `seed_interval` the number of runs.
    n_groups : int or None
        Groups among these rows; None where rows are no images.
    method : str
        How the interval was made, or "not given: " and why. After "; " stands what was
        measured against it: where it is known to cover less than it says.
    """

    value: float
    low: float
    high: float
    n: int
    n_groups: int | None = None
    method: str = ""

    def __str__(self) -> str:
        """Write it as "0.768 (0.72 to 0.81), n = 624, 427 groups"."""
        return f"{self.figure}, {self.counts}"

    @property
    def counts(self) -> str:
        """What stands behind it, such as "n = 624, 427 groups"."""
        counts = f"n = {self.n:,}"
        if self.n_groups is not None:
            plural = "" if self.n_groups == 1 else "s"
            counts += f", {self.n_groups:,} group{plural}"
        return counts

    @property
    def figure(self) -> str:
        """Value and interval without counts, with what is known against it.

        Such as "0.768 (0.72 to 0.81)"; with more digits where it would look perfect
        and is not.
        """
        if math.isnan(self.value):
            return "not defined"
        if math.isnan(self.low):
            return f"{self.value:.3f} (interval {self.method})"
        if self.value < 1 and round(self.value, 3) == 1:
            of_value = of_ends = _digits_below_1(*self[:3])
        else:
            of_value, of_ends = 3, 3 if _hides(self.low, self.high) else 2
        ends = " to ".join(f"{end:z.{of_ends}f}" for end in self[1:3])
        return f"{self.value:z.{of_value}f} ({'; '.join([ends, *self.notes])})"

    @property
    def short(self) -> str:
        """As `figure`, where no interval is given the value alone."""
        is_alone = math.isnan(self.low) and not math.isnan(self.value)
        return f"{self.value:z.3f}" if is_alone else self.figure

    @property
    def reason(self) -> str:
        """Why it has no interval; "" where it has one."""
        return self.method.removeprefix(_NOT_GIVEN) if math.isnan(self.low) else ""

    @property
    def notes(self) -> list[str]:
        """What was measured against it, such as ["few groups, may cover ..."]."""
        return self.method.split("; ")[1:]


def _hides(low: float, high: float) -> bool:
    """Say whether two digits hide how narrow it is, or make an end look certain."""
    certain = {-1.0, 0.0, 1.0}
    rounded = any(
        round(end, 2) in certain and end not in certain for end in (low, high)
    )
    return rounded or high - low < 0.02


def _digits_below_1(*shares: float) -> int:
    """Count the digits with which none of them looks like 1 that is not."""
    return next(
        (d for d in (4, 5, 6) if all(s == 1 or round(s, d) < 1 for s in shares)), 6
    )


def not_given(value: float, n: int, n_groups: int | None, reason: str) -> Interval:
    """Keep the figure, and say why it has no interval."""
    method = f"{_NOT_GIVEN}{reason}"
    return Interval(float(value), math.nan, math.nan, n, n_groups, method)


def add_note(found: Interval, note: str) -> Interval:
    """Write beside an interval what was measured against it, where there is one."""
    if math.isnan(found.low):
        return found
    return found._replace(method=f"{found.method}; {note}")

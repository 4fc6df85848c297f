"""What a benchmark gives: rows of a number beside its floor, and the arithmetic behind them. Pure.

Every ratio compares with a floor that was measured in the same run, because machines are shared and noisy.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Row:
    """One number: `floor` is what the least that could do the job took, in the same unit.

    Beside a `peer`, which does the same job another way, stands how many times less than it we took.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    more_is_better: bool = False
    peer: float | None = None

    @property
    def ratio(self) -> float | None:
        """Give how many times the floor's cost it took; for rates, the floor's rate over ours.

        Beside a peer: how many times our cost the peer took; for rates, ours over the peer's.
        """
        if self.peer is not None:
            better, worse = (self.value, self.peer) if self.more_is_better else (self.peer, self.value)
            return better / worse if worse > 0 else None
        if self.floor is None:
            return None
        cost, least = (self.floor, self.value) if self.more_is_better else (self.value, self.floor)
        return cost / least if least > 0 else None

    def as_json(self) -> dict[str, object]:
        """Give the row for machines; what is not known is left out."""
        row: dict[str, object] = {"name": self.name, "value": round(self.value, 4), "unit": self.unit}
        if self.floor is not None:
            row["floor"] = round(self.floor, 4)
        if self.peer is not None:
            row["peer"] = round(self.peer, 4)
        if self.ratio is not None:
            row["ratio"] = round(self.ratio, 3)
        return row


@dataclass(frozen=True)
class Section:
    """One benchmark's rows; `floor` names what stands in their floor column, `peer` in their peer column."""

    name: str
    title: str
    floor: str
    rows: Sequence[Row]
    notes: Sequence[str] = field(default_factory=tuple)
    peer: str = ""

    @property
    def column(self) -> str:
        """Name the column beside the measured one."""
        return "peer" if self.peer else "floor"

    def as_json(self) -> dict[str, object]:
        """Give the section for machines."""
        return {
            "title": self.title,
            self.column: self.peer or self.floor,
            "rows": [row.as_json() for row in self.rows],
            "notes": list(self.notes),
        }


def percentile(values: Iterable[float], percent: float) -> float:
    """Give the nearest-rank percentile: the smallest value that at least so many per cent do not exceed.

    It is always a value that was measured. Raises ValueError without values, or beyond 0 to 100 per cent.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("a percentile of nothing")
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is not between 0 and 100 per cent")
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def percentile_rows(
    name: str, values: Sequence[float], floors: Sequence[float] = (), unit: str = "ms"
) -> list[Row]:
    """Give p50, p99 and the largest, each beside the same of the floor's values where there are any."""
    return [
        Row(
            f"{name}, {label}",
            percentile(values, percent),
            unit,
            percentile(floors, percent) if floors else None,
        )
        for label, percent in (("p50", 50.0), ("p99", 99.0), ("max", 100.0))
    ]


def median_of(values: Sequence[float]) -> float:
    """Give the median of repeated measurements."""
    return float(median(values))


def number(value: float) -> str:
    """Write a number with three significant digits, thousands separated."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"

"""A finding: what is wrong, as one plain sentence; the words that the sentences share. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec import UnsetType

from runtime.names import seen

T = TypeVar("T")
Finding = tuple[bool, str]
"""Whether it is critical, and the sentence."""
MAX_REASON = 300
"""Characters that a sentence quotes of a source's own words."""
MAX_ALIKE = 10
"""So many sentences of one sort are told; one more sums up the rest."""
_UNITS = ((172_800, 86_400, "days"), (7200, 3600, "h"), (120, 60, "min"))
"""From so many seconds on a duration is told in a unit of so many seconds."""


def because(reason: str | UnsetType) -> str:
    """Put a source's own words behind a sentence, on one line and bounded, where it has any."""
    text = "" if isinstance(reason, UnsetType) else seen(reason)
    return f": {text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + '…'}" if text else ""


def many(count: int, thing: str) -> str:
    """Count things: "1 replica", "1,200 messages"."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def duration(seconds: float) -> str:
    """Tell a duration as people do: "8.4 s", "84 s", "3 min", "5 h", "2 days"."""
    for least, unit, name in _UNITS:
        if seconds >= least:
            return f"{seconds // unit:,.0f} {name}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"


def alike(
    found: Sequence[T],
    say: Callable[[T], str],
    rest: Callable[[Sequence[T]], str],
    *,
    critical: bool = False,
) -> Iterator[Finding]:
    """Give findings of one sort, the worst first; `rest` sums up those beyond `MAX_ALIKE`.

    So what befalls thousands of topics or groups at once does not push out everything else.
    """
    for one in found[:MAX_ALIKE]:
        yield critical, say(one)
    if len(found) > MAX_ALIKE:
        yield critical, f"… and {rest(found[MAX_ALIKE:])}"

"""A record of a call into the sums and the stored row: counted once, completed by later records. Pure."""

from aggregator.repeats import Counted, Repeats
from aggregator.tick_rows import TickRows
from aggregator.usage import Usage
from runtime.metrics import SKIPPED
from schema.messages import Call
from schema.wire import encode


def count(
    repeats: Repeats, usage: Usage, rows: TickRows, call: Call, name: str, at_ms: int
) -> tuple[Call, str] | None:
    """Take a record of a call; give the call as it is known now and its agent's name, or None for no news."""
    repeated, counted = repeats.find(call, at_ms)
    if not repeated:
        repeats.note(call, name, at_ms)
        usage.take(call, name, at_ms)
        rows.add(call.call_id, encode(call))
        return call, name
    SKIPPED.labels("repeated call").inc()
    return _complete(repeats, usage, rows, counted, call, name, at_ms) if counted else None


def _complete(
    repeats: Repeats, usage: Usage, rows: TickRows, counted: Counted, later: Call, name: str, at_ms: int
) -> tuple[Call, str] | None:
    """Fill a counted call from a later record of it, and correct by that what was counted."""
    before, named = counted.call, counted.name
    news = repeats.complete(counted, later, name, at_ms)
    if not news and named == counted.name:
        return None
    usage.correct(before, counted.call, (named, counted.name), counted.at_ms)
    rows.fill(before.call_id, news)
    return counted.call, counted.name

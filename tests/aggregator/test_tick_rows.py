"""What a tick stores stays within bytes, and a row that is completed in its own tick is stored once."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from msgspec import UNSET

from aggregator import tick_rows
from aggregator.tick_rows import TickRows
from runtime.metrics import DROPPED_RECORDS
from runtime.store.protocol import Row

TICK = datetime(2026, 1, 1, tzinfo=UTC)


def dropped() -> float:
    return float(DROPPED_RECORDS.labels("call")._value.get())


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> TickRows:
    monkeypatch.setattr(tick_rows, "MAX_BYTES", 100)
    return TickRows("call")


def test_the_oldest_rows_go_when_it_is_too_much_and_are_counted(rows: TickRows) -> None:
    before = dropped()
    for number in range(5):
        rows.add(str(number), b"x" * 40)
    assert [row.key for row in rows.take(TICK)] == ["3", "4"]
    assert dropped() - before == 3
    rows.add("5", b"x" * 100)
    assert [row.key for row in rows.take(TICK)] == ["5"]


def test_what_completes_is_bounded_too_and_goes_before_whole_rows(rows: TickRows) -> None:
    before = dropped()
    rows.add("here", b"x" * 40)
    for number in range(5):
        rows.fill(str(number), {"answer_text": "y" * 20})
    assert [(row.key, row.fills) for row in rows.take(TICK)] == [("here", False), ("4", True)]
    assert dropped() - before == 4


def test_a_row_is_completed_in_its_own_tick_digit_for_digit_and_in_its_place() -> None:
    rows = TickRows("call")
    rows.add("a", b'{"cost_usd":0.100000000001,"reasoning_tokens":4}')
    rows.add("b", b"{}")
    rows.add("a", b'{"another":1}')
    rows.fill("a", {"cost_usd": Decimal("0.20"), "reasoning_tokens": UNSET, "agent_id": "w"})
    rows.fill("a", {"task_id": "t"})
    assert rows.take(TICK) == [
        Row("a", TICK, b'{"cost_usd":0.20,"agent_id":"w","task_id":"t"}'),
        Row("b", TICK, b"{}"),
    ]
    assert rows.take(TICK) == []


def test_what_completes_a_stored_row_says_what_to_take_away() -> None:
    rows = TickRows("call")
    rows.fill("a", {"reasoning_tokens": 3})
    rows.fill("a", {"reasoning_tokens": UNSET, "agent_id": "w"})
    rows.fill("a", {})
    (row,) = rows.take(TICK)
    assert row.fills
    assert msgspec.json.decode(row.body) == {"reasoning_tokens": None, "agent_id": "w"}

"""What the proxy shows and hands over, while the broker is there and while it is not."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from collectors.base.collector import Complete, Gone, Item, Observed
from collectors.base.publisher import LogPublisher
from collectors.llm_collector.board import Board
from collectors.llm_collector.calls import Arrival, Outcome, call_of
from collectors.llm_collector.limits import Answer, Limits, ModelLimits
from collectors.llm_collector.outbox import Outbox
from collectors.llm_collector.reading import Reading
from schema.errors import BrokerFatal
from schema.messages import Call, CallRecord
from schema.observed import InFlightObserved, ModelObserved
from tests.collectors.fakes import FakeClock, FakeProducer

AT = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)
GOOD = Answer("openai", "gpt-4o", 200, None, None, Limits(rpm_max=60))


def arrival(call_id: str, model: str = "gpt-4o") -> Arrival:
    return Arrival(call_id, AT, "openai", model, "chat", streaming=False, prompt_characters=0)


def call(call_id: str) -> Call:
    return call_of(arrival(call_id), Outcome(1, 200), Reading())


async def read(board: Board, count: int, items: list[Item]) -> None:
    async for item in board.observe():
        items.append(item)
        if len(items) >= count:
            return


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.llm_collector.board.SHOWN_AFTER_SECONDS", 0.01)


@pytest.mark.usefixtures("_quick")
async def test_the_runner_gets_everything_first_and_then_each_change() -> None:
    board, items = Board(), list[Item]()
    board.arrived(arrival("c-1"))
    reading = asyncio.create_task(read(board, 6, items))
    await asyncio.sleep(0)
    board.arrived(arrival("c-2"))
    while len(items) < 3:
        await asyncio.sleep(0.01)
    board.ended(arrival("c-1"), GOOD)
    board.ended(arrival("c-2"), None)
    await reading
    assert [type(item) for item in items] == [Observed, Complete, Observed, Gone, Observed, Gone]
    assert items[1] == Complete(("in_flight", "model"))
    assert [item.id for item in items if isinstance(item, Observed)] == [
        "c-1",
        "c-2",
        "openai/gpt-4o/default",
    ]


@pytest.mark.usefixtures("_quick")
async def test_a_call_is_shown_once_it_has_run_for_a_moment_with_what_is_known_of_it_then() -> None:
    board, items = Board(), list[Item]()
    reading = asyncio.create_task(read(board, 4, items))
    await asyncio.sleep(0)
    for number in range(1000):
        board.arrived(arrival(f"short-{number}"))
        board.ended(arrival(f"short-{number}"), None)
    board.arrived(arrival("long"))
    board.arrived(arrival("long", "gpt-4o-mini"))
    while len(items) < 2:
        await asyncio.sleep(0.01)
    board.arrived(arrival("long", "gpt-5"))
    await asyncio.sleep(0.01)
    board.ended(arrival("long"), None)
    await reading
    assert [(type(item), getattr(item, "id", "")) for item in items] == [
        (Complete, ""), (Observed, "long"), (Observed, "long"), (Gone, "long"),
    ]  # fmt: skip
    values = [item.value for item in items if isinstance(item, Observed)]
    assert [one.model for one in values if isinstance(one, InFlightObserved)] == ["gpt-4o-mini", "gpt-5"]


async def test_what_is_left_of_a_limit_is_told_once_a_second_and_a_refusal_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.llm_collector.board.REMAINDERS_SECONDS", 0.05)
    board, items = Board(), list[Item]()
    reading = asyncio.create_task(read(board, 4, items))
    await asyncio.sleep(0)
    for number in range(100):
        at = AT + timedelta(milliseconds=number)
        board.told(Answer("openai", "gpt-4o", 200, None, None, Limits(rpm_remaining=100 - number, at=at)))
        await asyncio.sleep(0)
    assert len(items) == 2, "the model as it was first known, after what there was at the start"
    refused = Limits(rpm_remaining=0, at=AT + timedelta(seconds=1))
    board.told(Answer("openai", "gpt-4o", 429, None, None, refused))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(items) == 3
    await reading
    left = [item.value.rpm_remaining for item in items if isinstance(item, Observed)
            if isinstance(item.value, ModelObserved)]  # fmt: skip
    assert left == [100, 0, 0]


async def test_the_model_that_had_to_go_for_another_is_gone() -> None:
    board = Board()
    for number in range(ModelLimits.MAX_MODELS + 1):
        board.told(Answer("openai", f"m{number}", 200, None, None, Limits()))
    assert len(board.present()) == ModelLimits.MAX_MODELS
    assert ("model", "openai/m0/default") not in board.present()


async def test_without_a_reader_nothing_piles_up() -> None:
    board, items = Board(), list[Item]()
    for number in range(1000):
        board.arrived(arrival(f"c-{number}"))
        board.ended(arrival(f"c-{number}"), None)
    await read(board, 1, items)
    assert items == [Complete(("in_flight", "model"))]
    assert board.present() == {}


async def test_a_cancelled_call_says_nothing_of_its_model() -> None:
    board = Board()
    board.arrived(arrival("c-1"))
    board.ended(arrival("c-1"), None)
    assert board.present() == {}


def outbox_with(producer: FakeProducer, max_waiting_bytes: int = 10_000) -> Outbox:
    outbox = Outbox(max_waiting_bytes)
    outbox.publisher = LogPublisher(producer, "test", 4)
    return outbox


def ids(producer: FakeProducer) -> list[str]:
    return [record.call.call_id for record in producer.records if isinstance(record, CallRecord)]


def test_a_record_goes_to_the_broker_at_once_with_its_environment() -> None:
    producer = FakeProducer(FakeClock())
    outbox_with(producer).put(call("c-1"))
    assert ids(producer) == ["c-1"]
    assert producer.headers == [[("environment", b"test")]]


def test_records_wait_in_order_while_the_broker_is_away() -> None:
    producer, outbox = FakeProducer(FakeClock()), Outbox()
    outbox.put(call("c-1"))
    outbox.publisher = LogPublisher(producer, "test", 4)
    outbox.put(call("c-2"))
    producer.room = 1
    outbox.drain()
    assert (ids(producer), len(outbox)) == (["c-1"], 1)
    producer.room = 9
    outbox.drain()
    assert (ids(producer), len(outbox)) == (["c-1", "c-2"], 0)


def test_what_waits_is_handed_over_in_parts() -> None:
    producer, outbox = FakeProducer(FakeClock()), Outbox()
    for number in range(250):
        outbox.put(call(f"c-{number}"))
    outbox.publisher = LogPublisher(producer, "test", 4)
    told = []
    while outbox.drain():
        told.append(len(outbox))
    assert told == [150, 50]
    assert ids(producer) == [f"c-{number}" for number in range(250)]


def test_beyond_the_bound_the_oldest_are_dropped() -> None:
    producer = FakeProducer(FakeClock())
    outbox = outbox_with(producer, max_waiting_bytes=1000)
    producer.room = 0
    for number in range(100):
        outbox.put(call(f"c-{number}"))
    assert 0 < len(outbox) < 10
    producer.room = 1000
    outbox.drain()
    assert ids(producer)[-1] == "c-99"


def test_a_client_that_failed_for_good_is_not_asked_again() -> None:
    class Fatal(FakeProducer):
        def publish(self, *_args: object, **_named: object) -> None:
            raise BrokerFatal("fenced")

    outbox = outbox_with(Fatal(FakeClock()))
    outbox.put(call("c-1"))
    assert (outbox.publisher, len(outbox)) == (None, 1)

"""What holds for every log: the same snapshots from any checkpoint, each valid and kept to the byte."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UnsetType

from aggregator.effects import Changes
from aggregator.partition import PartitionFold
from aggregator.ticks import from_ms, tick_of, to_ms
from schema import models
from schema.errors import InvalidMessage
from schema.validate import report
from schema.wire import canonical
from tests.aggregator.random_records import RECORDS, consumer_group
from tests.aggregator.records import (
    SETTINGS,
    Log,
    Outcome,
    live_fold,
    mark,
    observed,
    play,
    workload,
)


def folded(log: Log) -> Outcome:
    return play(live_fold(), log.messages)


@pytest.fixture(autouse=True, scope="module")
def _checkpoint_with_each_tick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aggregator.environment.CHECKPOINT_MS", 2_000)
        yield


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 25_000), RECORDS, st.sampled_from(["default", "other"])), max_size=60),
    st.data(),
)
def test_a_fold_from_any_checkpoint_gives_the_same_snapshots(
    rows: list[tuple[int, Any, str]], data: st.DataObject
) -> None:
    log, now = Log(), 0
    log.add(0, observed("group", "g", consumer_group("writer-agent-1")))
    for step, record, environment in rows:
        now += step
        log.add(now, record, environment)
    whole = folded(log)
    saved = [one for one in whole.frozen if one.state is not None]
    if not saved:
        return
    start = data.draw(st.sampled_from(saved))
    fold = PartitionFold(0, SETTINGS)
    assert start.state is not None
    fold.restore(start.environment, start.offset, start.state, from_ms(start.tick_ms))
    again = play(fold, log.messages[start.offset :])
    expected = [
        one for one in whole.frozen if one.environment == start.environment and one.tick_ms > start.tick_ms
    ]
    got = [one for one in again.frozen if one.environment == start.environment]
    assert [(one.tick_ms, one.document.sha256) for one in got] == [
        (one.tick_ms, one.document.sha256) for one in expected
    ]
    assert [(one.events, one.calls) for one in got] == [(one.events, one.calls) for one in expected]
    assert all(to_ms(from_ms(one.tick_ms)) == one.tick_ms for one in got)


def log_of(rows: list[tuple[int, Any]]) -> Log:
    log, now = Log(), 0
    for step, record in rows:
        now += step
        log.add(now, record)
    log.add(now + 4_500, mark())
    return log


_ROWS = st.lists(st.tuples(st.integers(0, 3_000), RECORDS), max_size=40)


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_every_snapshot_is_valid_and_its_bytes_are_those_of_encoding_it_whole(
    rows: list[tuple[int, Any]],
) -> None:
    decoder = msgspec.json.Decoder(models.Snapshot)
    for one in folded(log_of(rows)).frozen:
        assert canonical(decoder.decode(one.document.body)) == one.document.body
        assert report(msgspec.json.decode(one.document.body)) == []


@settings(max_examples=60, deadline=None)
@given(_ROWS, st.integers(1, 7))
def test_how_often_changes_are_announced_makes_no_difference_to_a_snapshot(
    rows: list[tuple[int, Any]], every: int
) -> None:
    log, fold, outcome = log_of(rows), live_fold(), Outcome()
    for number, message in enumerate(log.messages):
        outcome.take(fold.advance(message))
        with suppress(InvalidMessage):
            fold.fold(message)
        if number % every == 0:
            outcome.take(fold.changes())
    ticks = [(one.document.sha256, one.events, one.calls) for one in outcome.frozen]
    assert ticks == [(one.document.sha256, one.events, one.calls) for one in folded(log).frozen]


_TOLD = frozenset({"agent", "workload", "pod", "kafka", "group", "topic"})


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_the_changes_up_to_a_tick_make_the_entities_of_its_snapshot(
    rows: list[tuple[int, Any]],
) -> None:
    fold, known = live_fold(), dict[tuple[str, tuple[str, ...]], Any]()
    for message in log_of(rows).messages:
        effects = fold.advance(message)
        with suppress(InvalidMessage):
            fold.fold(message)
        for effect in [*effects, *fold.changes()]:
            if isinstance(effect, Changes):
                known |= {name: part for name, part in effect.entities.items() if name[0] in _TOLD}
                continue
            document = msgspec.json.decode(effect.document.body, type=models.Snapshot)
            assert _entities(document) == _visible(known)


def _visible(known: dict[tuple[str, tuple[str, ...]], Any]) -> dict[tuple[str, tuple[str, ...]], Any]:
    """What a reader shows: what was set and not removed, where what contains it is there."""
    there = {name: part for name, part in known.items() if part is not None}
    return {
        (kind, tuple(key)): part
        for (kind, key), part in there.items()
        if _container(kind, key) in (None, *there) and kind != "kafka"
    }


def _container(kind: str, key: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    if kind == "pod":
        return "workload", key[:2]
    return ("kafka", ()) if kind in ("group", "topic") else None


def _entities(document: models.Snapshot) -> dict[tuple[str, tuple[str, ...]], Any]:
    found: dict[tuple[str, tuple[str, ...]], Any] = {
        ("agent", (one.agent_id,)): one for one in document.agents
    }
    for group in document.workload:
        key = (group.namespace, group.deployment_name)
        found["workload", key] = msgspec.structs.replace(group, pods=[])
        found |= {("pod", (*key, one.pod_id)): one for one in group.pods}
    if not isinstance(document.kafka, UnsetType):
        found |= {("group", (one.group,)): one for one in document.kafka.groups}
        found |= {("topic", (one.topic,)): one for one in document.kafka.topics}
    return found


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_every_pod_that_is_told_of_is_in_the_snapshot_of_its_tick(rows: list[tuple[int, Any]]) -> None:
    rows = [(step, record) for step, record in rows if not _is_of_workloads(record)]
    log = Log()
    for name in ("a", "writer-agent"):
        log.add(0, workload(name))
    for message in log_of([(1, record) if not step else (step, record) for step, record in rows]).messages:
        log.messages.append(replace(message, offset=len(log.messages)))
    outcome = folded(log)
    shown = {
        (frozen.tick_ms, pod["pod_id"])
        for frozen, document in zip(outcome.frozen, outcome.documents(), strict=True)
        for group in document["workload"]
        for pod in group["pods"]
    }
    epochs: list[str] = []
    for message in log.messages:
        record = _record(message.value)
        epoch = record.get("epoch")
        if epoch and epoch != "-" and epoch not in epochs:
            epochs.append(epoch)
        if record.get("kind") == "pod" and record["type"] == "observed" and epoch == epochs[-1]:
            assert (tick_of(message.appended_ms, 2_000), record["id"]) in shown


def _is_of_workloads(record: Any) -> bool:
    """What would take a workload away is left out: a pod is shown in one."""
    return getattr(record, "kind", "") == "workload" or "workload" in getattr(record, "synced", ())


def _record(body: bytes | None) -> dict[str, Any]:
    try:
        found: dict[str, Any] = msgspec.json.decode(body or b"")
    except msgspec.DecodeError:
        return {}
    return found

"""What holds for every log: the same snapshots from any checkpoint, each valid and kept to the byte."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from aggregator.effects import Changes
from aggregator.partition import PartitionFold
from aggregator.ticks import from_ms, tick_of, to_ms
from schema import models
from schema.errors import InvalidMessage
from schema.validate import report
from schema.wire import canonical
from tests.aggregator.records import (
    SETTINGS,
    Log,
    Outcome,
    agent,
    budgets,
    call,
    deployment,
    discovery,
    event,
    gone,
    heartbeat,
    live_fold,
    mark,
    observed,
    play,
    pod,
    workload,
)


def folded(log: Log) -> Outcome:
    return play(live_fold(), log.messages)


def _group(client: str, name: str = "g") -> dict[str, Any]:
    member = {"member_id": "m", "client_id": client, "host": "/10.0.0.1"}
    partitions = [{"topic": "q", "partition": 0, "end_offset": 1}]
    return {"group": name, "state": "Stable", "members": [member], "partitions": partitions}


_SECONDS = st.integers(0, 30).map(lambda second: f"2026-01-01T00:00:{second:02d}Z")
_TRANSITIONS = st.lists(
    st.fixed_dictionaries({"status": st.sampled_from(["Running", "OOMKilled"]), "at": _SECONDS}), max_size=3
)
_DEPLOYMENTS = st.sampled_from(["a", "writer-agent"])
_EPOCHS = st.sampled_from(["e1", "e1", "e2"])
_PODS = st.builds(
    pod,
    _DEPLOYMENTS,
    st.sampled_from(["writer-agent-1", "a-1", "a-2"]),
    st.sampled_from(["Running", "OOMKilled", "Terminating"]),
    st.integers(0, 3),
    _EPOCHS,
    transitions=_TRANSITIONS,
    ip=st.sampled_from(["10.0.0.1", "10.0.0.2"]),
)
_KAFKA = st.one_of(
    st.builds(lambda client, name: observed("group", name, _group(client, name)),
              st.sampled_from(["writer-agent-1", "x", "rdkafka"]), st.sampled_from(["g", "a-2"])),
    st.builds(lambda depth: observed("topic", "q", {"topic": "q", "partitions": 1, "depth": depth}),
              st.integers(0, 2)),
    st.just(observed("kafka_cluster", "cluster", {"sampled_at": "2026-01-01T00:00:00Z", "brokers": 1})),
    st.builds(gone, st.just("group"), st.sampled_from(["g", "a-2"])),
    st.builds(gone, st.just("topic"), st.just("q")),
)  # fmt: skip
_MODELS = st.builds(
    lambda status, left, second, model, reset, source: observed(
        "model", model,
        {
            "provider": "openai", "model": model, "status": status, "tpm_max": 1000, "tpm_remaining": left,
            "told_at": second, "resets_at": reset, "quota_exhausted": status == "unavailable",
            "answered_at": reset,
        },
        source=source,
    ),
    st.sampled_from(["available", "rate_limited", "unavailable"]),
    st.integers(0, 1000),
    _SECONDS,
    st.sampled_from(["gpt-4o", "m"]),
    _SECONDS,
    st.sampled_from(["k8s@cluster", "llm@a"]),
)  # fmt: skip
_ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"])
_TRACES = st.sampled_from([UNSET, "1", "2"])
_LLM = st.one_of(
    _MODELS,
    st.builds(gone, st.just("model"), st.sampled_from(["gpt-4o", "m"])),
    st.builds(budgets, st.dictionaries(st.sampled_from(["*", "writer-agent", "x"]),
                                       st.sampled_from(["0.0009", "0.001", "5"]), max_size=2)),
    st.builds(
        call,
        st.integers(0, 99),
        st.sampled_from(["writer-agent-1", "x"]),
        model=st.sampled_from(["gpt-4o", "m"]),
        status=st.sampled_from(["ok", "ok", "rate_limited", "error"]),
        latency_ms=st.sampled_from([10.0, 3000.0, 90_000.0]),
        tokens_estimated=st.booleans(),
        cost_usd=st.sampled_from([UNSET, Decimal("0.0004")]),
    ),
    st.builds(
        call,
        st.integers(100, 999),
        agent_id=st.sampled_from([UNSET, UNSET, "writer-agent-1"]),
        client_address=_ADDRESSES,
        trace_id=_TRACES,
        parent_span_id=_TRACES,
        prompt_hash=st.sampled_from(["p1", "p2", "p3"]),
        system_prompt_tokens=st.integers(1, 3),
    ),
    st.builds(
        lambda number, model, second, address: observed(
            "in_flight", f"call-{number}",
            {"call_id": f"call-{number}", "provider": "openai", "model": model, "started_at": second,
             "streaming": False, "client_address": address, "trace_id": "1"},
        ),
        st.integers(0, 5), st.sampled_from(["gpt-4o", "m"]), _SECONDS, _ADDRESSES,
    ),
    st.builds(gone, st.just("in_flight"), st.integers(0, 5).map(lambda number: f"call-{number}")),
)  # fmt: skip
_GONE = st.one_of(
    st.builds(gone, st.just("pod"), st.sampled_from(["uid-a-1", "uid-a-2", "uid-writer-agent-1"]), _EPOCHS),
    st.builds(gone, st.just("workload"), _DEPLOYMENTS, _EPOCHS),
    st.builds(gone, st.just("agent"), _DEPLOYMENTS.map(lambda name: f"local/{name}"), _EPOCHS),
)
_RECORDS = st.one_of(
    st.builds(workload, _DEPLOYMENTS, _EPOCHS),
    _PODS,
    _KAFKA,
    _GONE,
    st.builds(
        agent,
        _DEPLOYMENTS,
        st.sampled_from(["Writer", "A"]),
        st.sampled_from(["local", "other"]),
        labeled=st.booleans(),
        excluded=st.booleans(),
    ),
    st.builds(discovery, st.sampled_from(["auto", "labeled", "all", "telemetry"])),
    st.builds(deployment, _DEPLOYMENTS, st.integers(0, 1)),
    st.builds(heartbeat, st.sampled_from(["pod", "workload", "agent"]), epoch=_EPOCHS),
    st.builds(
        event,
        st.sampled_from(
            ["task_queued", "task_started", "task_completed", "error", "agent_registered", "agent_removed",
             "heartbeat"]
        ),
        st.sampled_from(["writer-agent-1", "a-1", "x"]),
        st.sampled_from(["Writer", "A"]),
        task_id=st.sampled_from(["t1", "t2"]),
        queue=st.just("q"),
        trace_id=_TRACES,
        span_id=_TRACES,
        number=st.integers(0, 99),
    ),
    st.builds(call, st.integers(0, 20), st.sampled_from(["writer-agent-1", "x"])),
    _LLM,
    st.builds(mark),
    st.just(b"poison"),
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _checkpoint_with_each_tick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aggregator.environment.CHECKPOINT_MS", 2_000)
        yield


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 25_000), _RECORDS, st.sampled_from(["default", "other"])), max_size=60),
    st.data(),
)
def test_a_fold_from_any_checkpoint_gives_the_same_snapshots(
    rows: list[tuple[int, Any, str]], data: st.DataObject
) -> None:
    log, now = Log(), 0
    log.add(0, observed("group", "g", _group("writer-agent-1")))
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


_ROWS = st.lists(st.tuples(st.integers(0, 3_000), _RECORDS), max_size=40)


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

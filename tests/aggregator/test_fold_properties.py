"""What holds for every log: the same snapshots from any checkpoint, each valid and kept to the byte."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.partition import PartitionFold
from aggregator.ticks import from_ms, to_ms
from schema import models
from schema.validate import report
from tests.aggregator.records import (
    SETTINGS,
    Log,
    Outcome,
    call,
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


_RECORDS = st.one_of(
    st.builds(workload, st.sampled_from(["a", "writer-agent"]), st.sampled_from(["e1", "e2"])),
    st.builds(
        pod,
        st.sampled_from(["a", "writer-agent"]),
        st.sampled_from(["writer-agent-1", "a-1"]),
        st.sampled_from(["Running", "OOMKilled"]),
        st.integers(0, 3),
        st.sampled_from(["e1", "e2"]),
    ),
    st.builds(gone, st.just("pod"), st.sampled_from(["uid-a-1", "uid-writer-agent-1"])),
    st.builds(heartbeat, st.sampled_from(["pod", "workload"]), epoch=st.sampled_from(["e1", "e2"])),
    st.builds(
        event,
        st.sampled_from(
            ["task_queued", "task_started", "task_completed", "error", "agent_removed", "heartbeat"]
        ),
        st.sampled_from(["writer-agent-1", "a-1", "x"]),
        st.sampled_from(["Writer", "A"]),
        task_id=st.sampled_from(["t1", "t2"]),
        queue=st.just("q"),
        number=st.integers(0, 99),
    ),
    st.builds(call, st.integers(0, 20), st.sampled_from(["writer-agent-1", "x"])),
    st.builds(mark),
    st.just(b"poison"),
)


def _group(client: str) -> dict[str, Any]:
    member = {"member_id": "m", "client_id": client, "host": "h"}
    return {"group": "g", "state": "Stable", "lag_messages": 0, "members": [member], "partitions": []}


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
    assert [[row.key for row in one.events] for one in got] == [
        [row.key for row in one.events] for one in expected
    ]
    assert all(to_ms(from_ms(one.tick_ms)) == one.tick_ms for one in got)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3_000), _RECORDS), max_size=40))
def test_every_snapshot_is_valid_and_reads_back_to_the_same_bytes(rows: list[tuple[int, Any]]) -> None:
    log, now = Log(), 0
    for step, record in rows:
        now += step
        log.add(now, record)
    decoder = msgspec.json.Decoder(models.Snapshot)
    for one in folded(log).frozen:
        decoder.decode(one.document.body)
        assert report(msgspec.json.decode(one.document.body)) == []

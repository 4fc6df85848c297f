"""Pods that nobody saw end: absent from a new epoch, or with a source that fell silent for an hour."""

from typing import Any

import msgspec
import pytest

from aggregator.departed import UNSEEN
from aggregator.partition import PartitionFold
from aggregator.ticks import from_ms
from schema.messages import Observed
from tests.aggregator.records import (
    SETTINGS,
    Log,
    Outcome,
    at,
    gone,
    heartbeat,
    live_fold,
    mark,
    play,
    pod,
    workload,
)

HOUR_MS = 3_600_000
ELSEWHERE = "kubernetes@cluster"


def folded(log: Log) -> Outcome:
    return play(live_fold(), log.messages)


def lives(outcome: Outcome, name: str = "w-1") -> list[dict[str, Any] | None]:
    """The pod as each snapshot shows it, None where it is not there."""
    return [
        next((pod for group in document["workload"] for pod in group["pods"] if pod["name"] == name), None)
        for document in outcome.documents()
    ]


def statuses(outcome: Outcome) -> list[str | None]:
    return [one["status"] if one else None for one in lives(outcome)]


def told_by(source: str, record: Observed) -> Observed:
    return msgspec.structs.replace(record, source=source)


def absent(*, status: str = "Running", **more: Any) -> Log:
    """A pod is told under one epoch, and the next one is complete without it."""
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1", status, ready=True, **more))
    log.add(300, heartbeat("pod", "workload"))
    log.add(2_500, mark())
    log.add(4_100, workload("w", epoch="e2"))
    log.add(4_200, heartbeat("pod", "workload", epoch="e2"))
    log.add(8_500, mark())
    return log


def silent() -> Log:
    """A pod's source is not heard of any more; another one keeps the ticks going."""
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1", ready=True))
    log.add(300, heartbeat("pod", "workload"))
    for ms in range(400_000, HOUR_MS + 400_000, 400_000):
        log.add(ms, heartbeat(source=ELSEWHERE))
    log.add(HOUR_MS + 8_500, mark())
    return log


def test_a_pod_that_is_absent_from_a_new_epoch_has_a_last_word_in_exactly_one_snapshot() -> None:
    shown = lives(folded(absent()))
    assert [one and one["status"] for one in shown] == ["Running", "Running", "Gone", None]
    last = shown[2]
    assert last is not None
    when = "2026-01-01T00:00:04.200000Z"
    assert (last["ready"], last["deleted_at"], last["status_message"]) == (False, when, UNSEEN)
    assert last["transitions"] == [{"status": "Gone", "at": when}]


def test_a_pod_whose_source_expires_has_a_last_word_at_the_tick_that_notices() -> None:
    shown = [one for one in lives(folded(silent())) if one]
    assert [one["status"] for one in shown].count("Gone") == 1
    last = shown[-1]
    assert last["status"] == "Gone"
    assert last["transitions"] == [{"status": "Gone", "at": "2026-01-01T01:00:02Z"}]
    assert last["deleted_at"] == "2026-01-01T01:00:02Z"


@pytest.mark.parametrize("status", ["Deleted", "Exited", "Completed", "Error", "OOMKilled"])
def test_a_pod_whose_end_was_told_keeps_its_own_last_word(status: str) -> None:
    log = absent(status=status, deleted_at="2026-01-01T00:00:00Z")
    assert statuses(folded(log)) == [status, status, None, None]


def test_a_killed_pod_that_was_not_deleted_has_its_last_word_too() -> None:
    assert statuses(folded(absent(status="OOMKilled"))) == ["OOMKilled", "OOMKilled", "Gone", None]


def test_a_pod_that_its_source_says_is_gone_needs_no_last_word_of_ours() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1"))
    log.add(2_100, gone("pod", "uid-w-1"))
    log.add(4_500, mark())
    assert statuses(folded(log)) == ["Running", None]


@pytest.mark.parametrize("log", [absent(), silent()], ids=["absent", "silent"])
def test_a_pod_that_another_source_tells_too_stays_as_that_one_tells_it(log: Log) -> None:
    both = Log()
    for message in log.messages:
        ms = message.appended_ms - log.messages[0].appended_ms + 100
        assert message.value is not None
        both.add(ms, message.value if b'"mark"' not in message.value else mark())
        if ms == 200:
            both.add(ms, told_by(ELSEWHERE, pod("w", "w-1", "Terminating")))
            both.add(ms, told_by(ELSEWHERE, workload("w")))
    shown = statuses(folded(both))
    assert (shown[-1], "Gone" in shown) == ("Terminating", False)


def test_a_pod_that_is_there_again_before_the_tick_never_ended() -> None:
    log = absent()
    again = Log()
    for message in log.messages[:-1]:
        again.messages.append(message)
    again.add(4_300, pod("w", "w-1", epoch="e2"))
    again.add(8_500, mark())
    shown = lives(folded(again))
    assert [one and one["status"] for one in shown] == ["Running"] * 4
    assert [one and one.get("transitions") for one in shown] == [None] * 4


def test_the_last_word_stands_after_what_the_pod_went_through_before() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1", transitions=[{"status": "Running", "at": at(150).isoformat()}]))
    log.add(300, heartbeat("pod", epoch="e2"))
    log.add(2_500, mark())
    (last,) = lives(folded(log))
    assert last is not None
    assert [one["status"] for one in last["transitions"]] == ["Running", "Gone"]


def test_a_workload_that_vanishes_with_its_pods_stays_for_their_last_word() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1"))
    log.add(300, heartbeat("pod", "workload"))
    log.add(2_500, heartbeat("pod", "workload", epoch="e2"))
    log.add(6_500, mark())
    outcome = folded(log)
    assert statuses(outcome) == ["Running", "Gone", None]
    assert [len(one["workload"]) for one in outcome.documents()] == [1, 1, 0]


@pytest.mark.parametrize("log", [absent(), silent()], ids=["absent", "silent"])
def test_an_unseen_end_is_the_same_on_a_second_fold_and_from_every_checkpoint(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.environment.CHECKPOINT_MS", 2_000)
    whole = folded(log).frozen
    hashes = [(one.tick_ms, one.document.sha256) for one in whole]
    assert [(one.tick_ms, one.document.sha256) for one in folded(log).frozen] == hashes
    for number, saved in [*enumerate(whole)][-6:]:
        assert saved.state is not None
        fold = PartitionFold(0, SETTINGS)
        fold.restore(saved.environment, saved.offset, saved.state, from_ms(saved.tick_ms))
        again = play(fold, log.messages[saved.offset :]).frozen
        assert [(one.tick_ms, one.document.sha256) for one in again] == hashes[number + 1 :]

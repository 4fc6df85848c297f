"""Two collectors under one source name take turns; a collector that restarts does not."""

import pytest

from aggregator.partition import PartitionFold
from aggregator.ticks import from_ms
from tests.aggregator.records import SETTINGS, SOURCE, Log, heartbeat, live_fold, mark, play

CLUSTER = "kubernetes@in-cluster"
KUBERNETES = (
    "another collector tells itself as kubernetes@in-cluster: give each a name of its own (K8S_CLUSTER)"
)
PROCESS = "another collector tells itself as process@laptop: give each a name of its own"
ADMITTED = {"part": "metrics.k8s.io", "reason": "403 Forbidden"}


def beats(source: str, *spans: tuple[str, int, int], until: int) -> Log:
    """Heartbeats of an epoch, each two seconds from one second until before another; ordered by time."""
    rows = [
        (1_000 * at + 10 * number, epoch)
        for number, (epoch, first, last) in enumerate(spans)
        for at in range(first, last, 2)
    ]
    log = Log()
    for ms, epoch in sorted(rows):
        log.add(ms, heartbeat(epoch=epoch, source=source))
    log.add(1_000 * until + 500, mark())
    return log


def told(log: Log, source: str = CLUSTER) -> list[tuple[int, str]]:
    """The seconds of the ticks that tell of a rival, and what they say."""
    name = source.partition("@")[0]
    found = []
    for number, document in enumerate(play(live_fold(), log.messages).documents()):
        (one,) = (one for one in document["sources"] if one["name"] == name)
        parts = [row["reason"] for row in one.get("unavailable", ()) if row["part"] == "name"]
        found += [(2 * (number + 1), reason) for reason in parts]
    return found


@pytest.mark.parametrize(("source", "reason"), [(CLUSTER, KUBERNETES), (SOURCE, PROCESS)])
def test_two_collectors_of_one_name_are_told_while_both_live(source: str, reason: str) -> None:
    """The second begins at 10 s; the first beats on until 60 s, and is forgotten 20 s later."""
    rows = told(beats(source, ("a", 1, 60), ("b", 10, 100), until=100), source)
    assert {why for _, why in rows} == {reason}
    assert [second for second, _ in rows] == list(range(32, 80, 2))


def test_the_turns_that_two_collectors_take_do_not_hide_them_for_a_moment() -> None:
    log = beats(
        CLUSTER, ("a1", 1, 60), ("b1", 10, 90), ("a2", 60, 130), ("b2", 90, 160), ("a3", 130, 160), until=160
    )
    seconds = [second for second, _ in told(log)]
    assert seconds == list(range(32, 162, 2))


@pytest.mark.parametrize(
    "spans",
    [
        (("a", 1, 30), ("b", 30, 100)),
        (("a", 1, 41), ("b", 30, 100)),
        (("a1", 1, 20), ("a2", 20, 40), ("a3", 40, 100)),
        (("a", 1, 21), ("b", 20, 41), ("c", 40, 61), ("d", 60, 100)),
    ],
    ids=["after its end", "before its end", "its own renewals", "again and again"],
)
def test_a_collector_that_begins_anew_is_no_rival_of_itself(spans: tuple[tuple[str, int, int], ...]) -> None:
    assert told(beats(CLUSTER, *spans, until=100)) == []


def test_the_last_records_of_a_killed_collector_that_arrive_late_make_no_rival() -> None:
    log = Log()
    log.add(100, heartbeat(epoch="a", source=CLUSTER))
    log.add(2_100, heartbeat(epoch="b", source=CLUSTER))
    for number in range(5):
        log.add(2_200 + number, heartbeat(epoch="a", source=CLUSTER))
    log.add(8_500, mark())
    assert told(log) == []


def test_a_slow_collector_has_a_rival_after_a_minute_at_the_latest() -> None:
    log = Log()
    for second in range(0, 400, 60):
        log.add(1_000 * second + 100, _slow("a", second))
        log.add(1_000 * second + 30_100, _slow("b", second))
    log.add(400_500, mark())
    rows = told(log)
    assert (rows[0][0], rows[-1][0]) == (122, 400)


def _slow(epoch: str, second: int) -> bytes:
    at = f"2026-01-01T00:{second // 60:02d}:00Z"
    return (
        f'{{"type":"heartbeat","source":"{CLUSTER}","epoch":"{epoch}","observed_at":"{at}",'
        '"interval_seconds":60,"synced":[]}'
    ).encode()


def test_what_a_source_admits_stands_beside_its_rival() -> None:
    log = Log()
    log.add(100, heartbeat(epoch="a", source=CLUSTER))
    for second in range(2, 40, 2):
        log.add(1_000 * second, heartbeat(epoch="b", source=CLUSTER, unavailable=[ADMITTED]))
        log.add(1_000 * second + 1, heartbeat(epoch="a", source=CLUSTER))
    log.add(42_500, mark())
    document = play(live_fold(), log.messages).documents()[-1]
    (one,) = (one for one in document["sources"] if one["name"] == "kubernetes")
    assert one["unavailable"] == [ADMITTED, {"part": "name", "reason": KUBERNETES}]
    assert one["status"] == "fresh"


def test_a_rival_is_the_same_from_every_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.environment.CHECKPOINT_MS", 2_000)
    log = beats(CLUSTER, ("a", 1, 40), ("b", 10, 70), until=70)
    whole = play(live_fold(), log.messages).frozen
    hashes = [one.document.sha256 for one in whole]
    for number, saved in enumerate(whole):
        assert saved.state is not None
        fold = PartitionFold(0, SETTINGS)
        fold.restore(saved.environment, saved.offset, saved.state, from_ms(saved.tick_ms))
        again = play(fold, log.messages[saved.offset :]).frozen
        assert [one.document.sha256 for one in again] == hashes[number + 1 :]

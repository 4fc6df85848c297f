"""Warning events → an entry per object and reason, and the failed probes of each pod."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from collectors.base.collector import Gone, Item, Observed
from collectors.k8s_collector import events
from collectors.k8s_collector.events import Events, key_of, told_of
from schema import models
from tests.collectors.k8s.things import NOW, Json, at, warning


def shown(items: list[Item]) -> list[Any]:
    """Give id, count and message of what is told, or id and None for what is gone."""
    return [
        (item.id, item.value.count, item.value.message)
        if isinstance(item, Observed) and isinstance(item.value, models.KubernetesEvent)
        else (item.id, None)
        for item in items
        if isinstance(item, Observed | Gone)
    ]


KEY = "agents/Pod/p/BackOff"


def test_events_of_one_object_and_reason_are_one_entry_with_the_newest_message() -> None:
    known = Events()
    first = warning("a", message="first", count=3, lastTimestamp=at(-20))
    second = warning("b", message="second", count=2, lastTimestamp=at(-10))
    assert shown(known.take(first)) == [(KEY, 3, "first")]
    assert shown(known.take(second)) == [(KEY, 5, "second")]
    assert shown(known.take(warning("a", message="first", count=4, lastTimestamp=at(-5)))) == [
        (KEY, 6, "first")
    ]
    assert shown(known.forget("uid-a")) == [(KEY, 2, "second")]
    assert shown(known.forget("uid-b")) == [(KEY, None)]
    assert shown(known.forget("uid-b")) == []
    assert shown(list(known.everything())) == []


def test_an_event_that_comes_to_mean_another_thing_leaves_nothing_behind() -> None:
    known = Events()
    known.take(warning("a"))
    assert shown(known.take(warning("a", reason="Failed"))) == [(KEY, None), ("agents/Pod/p/Failed", 1, "")]


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ({}, ("agents", "Pod/p", "BackOff")),
        ({"reason": None}, ("agents", "Pod/p", "-")),
        ({"involvedObject": {}}, ("agents", "Object/", "BackOff")),
        ({"involvedObject": {"kind": "Node", "name": "n1"}}, ("agents", "Node/n1", "BackOff")),
        ({"involvedObject": {"kind": "Node", "name": "n1", "namespace": "x"}}, ("x", "Node/n1", "BackOff")),
        ({"reason": "R" * 300}, ("agents", "Pod/p", "R" * 256)),
    ],
)
def test_an_entry_is_named_by_namespace_object_and_reason(parts: Json, key: tuple[str, str, str]) -> None:
    assert key_of(warning(**parts)) == key


@pytest.mark.parametrize(
    ("parts", "count", "seconds"),
    [
        ({"count": 4, "lastTimestamp": at(-10), "eventTime": None, "series": None}, 4, -10),
        ({"eventTime": at(-30), "lastTimestamp": None}, 1, -30),
        ({"eventTime": at(-30), "series": {"count": 7, "lastObservedTime": at(-3)}}, 7, -3),
        ({"eventTime": at(-30), "count": 2, "series": {}}, 2, -30),
        ({}, 1, -50),
        ({"count": 0}, 1, -50),
        ({"count": -7}, 1, -50),
        ({"count": 10**15}, 10**9, -50),
    ],
)
def test_count_and_time_are_read_from_whichever_api_wrote_them(parts: Json, count: int, seconds: int) -> None:
    told = told_of(warning(**parts))
    assert (told.count, told.last_seen) == (count, NOW + timedelta(seconds=seconds))


def test_an_event_without_any_time_is_older_than_all_others() -> None:
    told = told_of(warning(metadata={"name": "e", "uid": "u"}))
    assert told.last_seen == datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def test_failed_probes_are_counted_per_pod_until_their_events_expire() -> None:
    known = Events()
    known.take(warning("a", reason="Unhealthy", count=3, message="Readiness probe failed"))
    known.take(warning("b", reason="Unhealthy", count=2, message="Liveness probe failed"))
    known.take(warning("c", about="Pod/q", reason="Unhealthy"))
    known.take(warning("d", reason="BackOff", count=9))
    known.take(warning("e", about="Node/p", reason="Unhealthy"))
    assert (known.probe_failures("uid-p"), known.probe_failures("uid-q")) == (5, 1)
    assert known.pod_of("uid-a") == "uid-p"
    known.forget("uid-a")
    known.forget("uid-b")
    assert known.probe_failures("uid-p") == 0


def test_only_the_newest_entries_are_kept_and_probes_stay_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_ENTRIES", 10)
    known = Events()
    known.take(warning("old", about="Pod/old", reason="Unhealthy", lastTimestamp=at(-1000)))
    items: list[Item] = []
    for number in range(12):
        items += known.take(warning(f"e{number}", about=f"Pod/p{number}", lastTimestamp=at(-number)))
    assert [one for one in shown(items) if one[1] is None] == [
        ("agents/Pod/old/Unhealthy", None), ("agents/Pod/p11/BackOff", None), ("agents/Pod/p10/BackOff",
         None),
    ]  # fmt: skip
    assert len(list(known.everything())) == 10
    assert known.probe_failures("uid-old") == 1
    assert shown(known.forget("uid-old")) == []
    assert known.probe_failures("uid-old") == 0

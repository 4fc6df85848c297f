"""What coordinators' responses say of each group, by table; and which version they are asked by."""

from collections.abc import Iterable
from typing import Any

import pytest
from kafka.protocol.admin import DescribeGroupsResponse, ListGroupsResponse
from kafka.protocol.broker_version_data import BrokerVersionData
from kafka.protocol.consumer import OffsetFetchResponse
from kafka.protocol.metadata import FindCoordinatorResponse

from collectors.kafka_collector.coordinator_client import refusals
from collectors.kafka_collector.group_questions import COORDINATOR, GONE, LISTED, OFFSETS
from collectors.kafka_collector.sample import Commit

_GROUP = OffsetFetchResponse.OffsetFetchResponseGroup
_TOPICS = _GROUP.OffsetFetchResponseTopics
_PART = _TOPICS.OffsetFetchResponsePartitions


def group(name: str, *parts: tuple[str, int, int, int], code: int = 0) -> Any:
    topics = [
        _TOPICS(
            name=topic,
            partitions=[_PART(partition_index=number, committed_offset=offset, error_code=error)],
        )
        for topic, number, offset, error in parts
    ]
    return _GROUP(group_id=name, topics=topics, error_code=code)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (group("g"), ("g", {}, 0)),
        (group("g", ("a", 0, 5, 0), ("b", 3, 0, 0)), ("g", {("a", 0): Commit(5), ("b", 3): Commit(0)}, 0)),
        (group("g", ("a", 0, -1, 0)), ("g", {}, 0)),
        (group("g", ("a", 0, -1, 3)), ("g", None, 3)),
        (group("g", code=16), ("g", None, 16)),
        (group(" ü\n", code=30), (" ü\n", None, 30)),
    ],
)
def test_a_group_has_its_commits_or_an_error(one: Any, expected: Any) -> None:
    response = OffsetFetchResponse(groups=[one, group("other")])
    assert list(OFFSETS.read(["g", "other"], response)) == [expected, ("other", {}, 0)]


def test_an_older_broker_tells_one_group_a_response() -> None:
    assert list(OFFSETS.read(["g"], OffsetFetchResponse(topics=[], error_code=15))) == [("g", None, 15)]
    assert list(OFFSETS.read(["g"], OffsetFetchResponse(topics=[], error_code=0))) == [("g", {}, 0)]
    assert list(COORDINATOR.read(["g"], FindCoordinatorResponse(error_code=0, node_id=3))) == [("g", 3, 0)]
    assert list(COORDINATOR.read(["g"], FindCoordinatorResponse(error_code=30, node_id=-1))) == [
        ("g", None, 30)
    ]


@pytest.mark.parametrize(
    ("code", "state", "expected"),
    [
        (0, "Dead", (True, 0)),
        (0, "Empty", (False, 0)),
        (69, "", (True, 0)),
        *((code, "", (None, code)) for code in (14, 15, 16, 30)),
    ],
)
def test_a_group_is_gone_only_when_it_is_dead_or_not_found(code: int, state: str, expected: Any) -> None:
    one = DescribeGroupsResponse.DescribedGroup(group_id="g", error_code=code, group_state=state)
    assert list(GONE.read(["g"], DescribeGroupsResponse(groups=[one]))) == [("g", *expected)]


@pytest.mark.parametrize(("broker", "chosen"), [((0, 8), 8), ((0, 9), 9), ((1, 10), 9)])
def test_no_version_that_tells_topics_by_their_ids_is_chosen(broker: tuple[int, int], chosen: int) -> None:
    data = BrokerVersionData((4, 0), {9: broker})
    assert data.api_version(OFFSETS.many(["g"])) == chosen


@pytest.mark.parametrize(
    ("code", "names", "expected"),
    [
        (0, ["g", "h"], [("g", True, 0), ("h", False, 0)]),
        (14, ["g", "h"], [("g", None, 14), ("h", None, 14)]),
    ],
)
def test_a_list_tells_of_each_group_that_was_asked_about(code: int, names: list[str], expected: Any) -> None:
    listed = [] if code else [ListGroupsResponse.ListedGroup(group_id=one) for one in ("g", "other")]
    response = ListGroupsResponse(error_code=code, groups=listed)
    assert list(LISTED.read(names, response)) == expected


def test_a_code_is_worded_and_a_text_stays() -> None:
    def text(code: int) -> str:
        return f"error {code}"

    refused: Iterable[Any] = {"a": 30, "b": "no answer"}.items()
    assert refusals(dict(refused), text) == {"a": "error 30", "b": "no answer"}

"""What the coordinators are asked of groups: the requests, and what a response says of each group. Pure.

Follows the protocol guide: FindCoordinator (for many groups from version 4, KIP-699), OffsetFetch (for many
from version 8, KIP-709; by topic ids alone from version 10), DescribeGroups (GROUP_ID_NOT_FOUND from 6) and
ListGroups.
`coordinator_client` sends them. The library is imported at the first question, not before: it takes half a
second of CPU and ten megabytes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from collectors.kafka_collector.sample import Commit, TopicPartition

MOVED = frozenset({14, 15, 16})
"""COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR: ask anew, and again later."""
GROUP_ID_NOT_FOUND = 69
_GROUP_KEY = 0
Commits = dict[TopicPartition, Commit]
T = TypeVar("T")


@dataclass(frozen=True)
class Question(Generic[T]):
    """One kind of request: `many` groups in one, or `one`, and what a response says of each group."""

    many: Callable[[Sequence[str]], Any]
    one: Callable[[str], Any] | None
    read: Callable[[Sequence[str], Any], Iterable[tuple[str, T | None, int]]]


def _find_many(names: Sequence[str]) -> Any:
    from kafka.protocol.metadata import FindCoordinatorRequest  # noqa: PLC0415

    return FindCoordinatorRequest(
        key_type=_GROUP_KEY, coordinator_keys=list(names), min_version=4, max_version=5
    )


def _find_one(name: str) -> Any:
    from kafka.protocol.metadata import FindCoordinatorRequest  # noqa: PLC0415

    return FindCoordinatorRequest(key=name, key_type=_GROUP_KEY, max_version=3)


def _coordinator_of(names: Sequence[str], response: Any) -> Iterable[tuple[str, int | None, int]]:
    if response.coordinators:
        for one in response.coordinators:
            yield one.key, None if one.error_code else one.node_id, one.error_code
    else:
        yield names[0], None if response.error_code else response.node_id, response.error_code


def _fetch_many(names: Sequence[str]) -> Any:
    from kafka.protocol.consumer import OffsetFetchRequest  # noqa: PLC0415

    wanted = OffsetFetchRequest.OffsetFetchRequestGroup
    groups = [wanted(group_id=name, member_id=None, member_epoch=-1, topics=None) for name in names]
    # Version 10 tells topics by their ids only.
    return OffsetFetchRequest(groups=groups, require_stable=False, min_version=8, max_version=9)


def _fetch_one(name: str) -> Any:
    from kafka.protocol.consumer import OffsetFetchRequest  # noqa: PLC0415

    # All topics of a group can be asked from version 2.
    return OffsetFetchRequest(
        group_id=name, topics=None, require_stable=False, min_version=2, max_version=7
    )  # fmt: skip


def _offsets_of(names: Sequence[str], response: Any) -> Iterable[tuple[str, Commits | None, int]]:
    if response.groups:
        for group in response.groups:
            yield group.group_id, *_committed(group)
    else:
        yield names[0], *_committed(response)


def _committed(group: Any) -> tuple[Commits | None, int]:
    if group.error_code:
        return None, group.error_code
    commits: Commits = {}
    for topic in group.topics:
        name = topic.name
        for one in topic.partitions:
            if one.error_code:
                return None, one.error_code
            if one.committed_offset >= 0:  # One below zero says that nothing is committed.
                commits[name, one.partition_index] = Commit(one.committed_offset)
    return commits, 0


def _describe_many(names: Sequence[str]) -> Any:
    from kafka.protocol.admin import DescribeGroupsRequest  # noqa: PLC0415

    return DescribeGroupsRequest(groups=list(names), include_authorized_operations=False)


def _gone_of(_names: Sequence[str], response: Any) -> Iterable[tuple[str, bool | None, int]]:
    for group in response.groups:
        if group.error_code == GROUP_ID_NOT_FOUND:
            yield group.group_id, True, 0
        elif group.error_code:
            yield group.group_id, None, group.error_code
        else:
            yield group.group_id, group.group_state == "Dead", 0


def _list(_names: Sequence[str]) -> Any:
    from kafka.protocol.admin import ListGroupsRequest  # noqa: PLC0415

    return ListGroupsRequest(states_filter=[], types_filter=[])


def _listed_of(names: Sequence[str], response: Any) -> Iterable[tuple[str, bool | None, int]]:
    listed = {group.group_id for group in response.groups or ()}
    for name in names:
        yield name, None if response.error_code else name in listed, response.error_code


COORDINATOR: Question[int] = Question(_find_many, _find_one, _coordinator_of)
OFFSETS: Question[Commits] = Question(_fetch_many, _fetch_one, _offsets_of)
GONE: Question[bool] = Question(_describe_many, None, _gone_of)
LISTED: Question[bool] = Question(_list, None, _listed_of)

"""The collector's lag, in messages and in seconds, against the truth that a scripted workload knows.

Both ways of knowing the commits watch the same workload: while it runs each sample lies within what was true
while it was taken; whenever it pauses both equal Kafka's own tool.
"""

import asyncio
import time
from collections.abc import Iterator

import pytest
from msgspec import UnsetType

from cli.stack.server import KafkaServer
from runtime.settings import BaseSettings
from schema.models import GroupPartition
from tests.kafka.scripted import Script
from tests.kafka.tool import GroupsTool, OffsetRow
from tests.kafka.watching import INTERVAL_SECONDS, Place, Watcher, watcher
from tests.kafka.workload import Workload

SAMPLES = 8
"""While the workload runs, before each of the three pauses."""


@pytest.fixture
def script(broker: KafkaServer) -> Iterator[Script]:
    with Workload({"bootstrap.servers": broker.bootstrap_servers}) as workload:
        yield Script(workload)


def outside_the_truth(watching: Watcher, script: Script) -> list[str]:
    """Give what lies outside of what was true while the last sample was taken."""
    found = []
    seen = watching.partitions(script.groups)
    for group, places in script.places.items():
        for topic, number in places:
            true = script.workload.truth.lag_within(
                group, topic, number, watching.began_at, watching.ended_at
            )
            assert true is not None
            one = seen[group, topic, number]
            if isinstance(one.lag_messages, UnsetType) or isinstance(one.lag_seconds, UnsetType):
                found.append(f"{group} {topic}-{number}: no lag, {one}")
                continue
            least, most = true
            if not least.messages <= one.lag_messages <= most.messages:
                found.append(f"{group} {topic}-{number}: {one.lag_messages} messages, true are {true}")
            slack = max(INTERVAL_SECONDS, watching.since_last_seconds)
            if not least.seconds - slack <= one.lag_seconds <= most.seconds + slack:
                found.append(f"{group} {topic}-{number}: {one.lag_seconds} s, true are {true}")
    return found


def between(shown: GroupPartition, before: OffsetRow, after: OffsetRow) -> bool:
    """Say whether what is shown lies between two answers of the tool, for a group that does not go back."""
    committed, lag = shown.committed_offset, shown.lag_messages
    ends = before.log_end_offset, after.log_end_offset
    commits = before.current_offset, after.current_offset
    assert not isinstance(committed, UnsetType)
    assert not isinstance(lag, UnsetType)
    assert None not in (*ends, *commits)
    return (
        ends[0] <= shown.end_offset <= ends[1]  # type: ignore[operator] # none of them is None
        and commits[0] <= committed <= commits[1]  # type: ignore[operator]
        and max(0, ends[0] - commits[1]) <= lag <= ends[1] - commits[0]  # type: ignore[operator]
    )


def by_place(rows: list[OffsetRow]) -> dict[Place, OffsetRow]:
    return {(row.group, row.topic, row.partition): row for row in rows}


async def test_lag_is_the_truth_while_a_workload_runs_and_the_tools_number_when_it_pauses(
    broker: KafkaServer, script: Script, groups_tool_jars: object
) -> None:
    tool = GroupsTool(broker.bootstrap_servers)
    await asyncio.to_thread(script.begin)
    settings = BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers)
    watching = [watcher(settings, "internal_topic"), watcher(settings, "admin_api")]

    async def ask_the_tool() -> dict[Place, OffsetRow]:
        return by_place(await asyncio.to_thread(tool.offsets, [*script.groups]))

    wrong: list[str] = []
    for phase in range(3):
        if phase == 1:
            script.rewind()
        due = time.monotonic()
        for _ in range(SAMPLES):
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += INTERVAL_SECONDS
            for one in watching:
                await one.take()
            # What was asked of the broker by now is acknowledged a moment later.
            await asyncio.to_thread(script.workload.pause)
            script.workload.resume()
            wrong += [line for one in watching for line in outside_the_truth(one, script)]
        before = await ask_the_tool()
        for one in watching:
            await one.take()
        after = await ask_the_tool()
        for one in watching:
            shown = one.partitions(script.groups)
            wrong += [
                f"{place}: {shown[place]} is not between {before[place]} and {after[place]}"
                for place in before
                if not between(shown[place], before[place], after[place])
            ]
        await asyncio.to_thread(script.workload.pause)
        for one in watching:
            await one.take()
            wrong += outside_the_truth(one, script)
        told = {
            place: (row.current_offset, row.log_end_offset, row.lag)
            for place, row in (await ask_the_tool()).items()
        }
        for one in watching:
            assert one.cluster is not None
            assert {
                place: (shown.committed_offset, shown.end_offset, shown.lag_messages)
                for place, shown in one.partitions(script.groups).items()
            } == told
        script.workload.resume()
    assert [one.cluster.commits_from for one in watching if one.cluster] == ["internal_topic", "admin_api"]
    assert wrong == []

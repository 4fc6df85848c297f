"""Which agent consumes which topic: by client id, by the address of its pod, by the group's name."""

from typing import Any

import pytest
from msgspec import UNSET

from schema.messages import Gone, LogRecord, Observed
from tests.aggregator.records import (
    AT,
    Log,
    Outcome,
    agent,
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

KAFKA = "kafka@k:9092"
SAMPLE = {"sampled_at": "2026-01-01T00:00:00Z", "brokers": 1}
CLUSTER = observed("kafka_cluster", "cluster", SAMPLE, source=KAFKA)
RESEARCH: list[LogRecord] = [
    workload("research-agent"),
    agent("research-agent", "Deep Research", labeled=True),
    pod("research-agent", "research-agent-7f8d9", ip="10.0.0.7"),
]
SCRIBE: LogRecord = event("heartbeat", instance="laptop-1", name="Scribe")
OTHER: list[LogRecord] = [workload("web"), pod("web", "web-0", ip="10.0.0.8")]


def member(client: str = "rdkafka", host: str = "/10.9.9.9", *topics: str, number: int = 0) -> dict[str, Any]:
    told = {"topics": list(topics)} if topics else {}
    return {"member_id": f"m{number}", "client_id": client, "host": host, **told}


def group(*members: dict[str, Any], name: str = "g", reads: tuple[str, ...] = ("tasks",)) -> Observed:
    partitions = [{"topic": topic, "partition": 0, "end_offset": 5} for topic in reads]
    value = {"group": name, "state": "Stable", "members": list(members), "partitions": partitions}
    return observed("group", name, value, source=KAFKA)


def topic(name: str) -> Observed:
    return observed("topic", name, {"topic": name, "partitions": 1}, source=KAFKA)


TOLD: list[LogRecord] = [CLUSTER, topic("tasks"), topic("replies"), *RESEARCH, SCRIBE, *OTHER]


def folded(*records: LogRecord, then: tuple[LogRecord, ...] = ()) -> Outcome:
    log = Log()
    for number, record in enumerate(records):
        log.add(100 + number, record)
    log.add(2_500, mark())
    for record in then:
        log.add(2_600, record)
    log.add(4_500, mark())
    return play(live_fold(), log.messages)


def kafka_of(outcome: Outcome, tick: int = 0) -> dict[str, Any]:
    kafka: dict[str, Any] = outcome.documents()[tick]["kafka"]
    return kafka


@pytest.mark.parametrize(
    ("client", "host", "name", "found"),
    [
        ("research-agent", "", "g", "research-agent"),
        ("research-agent-7f8d9", "", "g", "research-agent"),
        ("research-agent-7f8d9-consumer-1", "", "g", "research-agent"),
        ("research-agent.consumer", "", "g", "research-agent"),
        ("research-agent_2", "", "g", "research-agent"),
        ("research-agents", "", "g", None),
        ("research", "", "g", None),
        ("laptop-1", "", "g", "scribe"),
        ("laptop-1-replies", "", "g", "scribe"),
        ("laptop", "", "g", None),
        ("rdkafka", "/10.0.0.7", "g", "research-agent"),
        ("rdkafka", "10.0.0.7", "g", "research-agent"),
        ("laptop-1", "/10.0.0.7", "g", "scribe"),
        ("rdkafka", "/10.0.0.8", "g", None),
        ("rdkafka", "/10.0.0.9", "g", None),
        ("", "", "g", None),
        ("rdkafka", "", "research-agent", "research-agent"),
        ("rdkafka", "", "research-agent-v2", "research-agent"),
        ("rdkafka", "", "Research_Agent.v2", "research-agent"),
        ("rdkafka", "", "deep-research", "research-agent"),
        ("rdkafka", "", "scribe-dlq", "scribe"),
        ("rdkafka", "", "research-agents", None),
        ("rdkafka", "", "laptop-1", None),
        ("laptop-1", "", "research-agent", "scribe"),
        ("rdkafka", "/10.0.0.7", "scribe", "research-agent"),
        ("web-0", "", "web", None),
    ],
)
def test_a_member_is_found_by_its_client_id_then_its_host_then_the_groups_name(
    client: str, host: str, name: str, found: str | None
) -> None:
    kafka = kafka_of(folded(*TOLD, group(member(client, host), name=name)))
    (shown,) = kafka["groups"]
    assert shown["members"][0].get("agent_id") == found
    assert shown.get("agent_ids") == ([found] if found else None)
    topics = {one["topic"]: one.get("agent_ids") for one in kafka["topics"]}
    assert topics == {"tasks": [found] if found else None, "replies": None}


def test_a_group_without_members_is_found_by_its_name() -> None:
    kafka = kafka_of(folded(*TOLD, group(name="scribe-v2")))
    assert kafka["groups"][0]["agent_ids"] == ["scribe"]
    assert [one.get("agent_ids") for one in kafka["topics"]] == [None, None]


def test_a_topic_is_not_read_by_the_agent_that_a_group_without_members_is_called_after() -> None:
    nobody, somebody = group(name="scribe-old"), group(member(), name="research-agent", reads=("replies",))
    outcome = folded(*TOLD, nobody, somebody, then=(group(member(), name="scribe-old"), group(name="x")))
    for tick, readers in enumerate((None, ["scribe"])):
        topics = {one["topic"]: one.get("agent_ids") for one in kafka_of(outcome, tick)["topics"]}
        assert topics == {"tasks": readers, "replies": ["research-agent"]}


def test_the_name_of_a_group_counts_only_where_none_of_its_members_is_known() -> None:
    members = (member("laptop-1"), member("stranger", number=1))
    (shown,) = kafka_of(folded(*TOLD, group(*members, name="research-agent")))["groups"]
    assert [one.get("agent_id") for one in shown["members"]] == ["scribe", None]
    assert shown["agent_ids"] == ["scribe"]


def test_a_topic_has_the_agents_of_the_members_that_were_given_its_partitions() -> None:
    members = (
        member("laptop-1", "", "tasks"),
        member("research-agent", "", "tasks", "replies", number=1),
        member("stranger", "", "replies", number=2),
    )
    kafka = kafka_of(folded(*TOLD, group(*members, reads=("tasks", "replies", "unknown"))))
    assert kafka["groups"][0]["agent_ids"] == ["research-agent", "scribe"]
    assert {one["topic"]: one.get("agent_ids") for one in kafka["topics"]} == {
        "replies": ["research-agent"],
        "tasks": ["research-agent", "scribe"],
    }


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("fd00::12", "/fd00:0:0:0:0:0:0:12"),
        ("FD00::12", "fd00::12%eth0"),
        ("10.0.0.42", "/10.0.0.42"),
        ("10.0.0.42", "/::ffff:10.0.0.42"),
        ("no:address", "/no:address"),
    ],
)
def test_an_address_may_be_written_in_more_than_one_way(address: str, host: str) -> None:
    there = pod("research-agent", "research-agent-x", ip=address)
    (shown,) = kafka_of(folded(*TOLD, there, group(member(host=host))))["groups"]
    assert shown["agent_ids"] == ["research-agent"]


TWIN = pod("research-agent", "research-agent-b1c2d", ip="10.0.0.7")
NEIGHBOUR = pod("web", "web-1", ip="10.0.0.7")
MOVED = pod("research-agent", "research-agent-7f8d9", ip="10.0.0.99")
BACK = pod("research-agent", "research-agent-7f8d9", ip="10.0.0.7")
LEFT = gone("pod", "uid-research-agent-7f8d9")
GROUP_GONE = Gone(source=KAFKA, epoch="e1", kind="group", id="g", observed_at=AT)
BY_HOST = group(member(host="/10.0.0.7"))
BY_ID = group(member("laptop-1"))


@pytest.mark.parametrize(
    ("change", "told", "then", "found"),
    [
        ("a second pod comes to the address", BY_HOST, (TWIN,), ("research-agent", None)),
        ("a pod of nobody comes to the address", BY_HOST, (NEIGHBOUR,), ("research-agent", None)),
        ("the pod's address changes", BY_HOST, (MOVED,), ("research-agent", None)),
        ("the pod goes", BY_HOST, (LEFT,), ("research-agent", None)),
        ("the pod goes and is back", BY_HOST, (LEFT, BACK), ("research-agent", "research-agent")),
        ("a pod takes over", BY_HOST, (TWIN, LEFT), ("research-agent", "research-agent")),
        ("nobody looked as the pod went", BY_HOST, (heartbeat("pod", epoch="e2"),), ("research-agent", None)),
        ("the agent goes", BY_ID, (event("agent_removed", instance="laptop-1"),), ("scribe", None)),
        ("the agent is renamed", BY_ID, (event("heartbeat", instance="laptop-1", name="Poet"),),
         ("scribe", "poet")),
        ("the agent comes", group(member(), name="writer-1"),
         (event("heartbeat", instance="x", name="Writer"),), (None, "writer")),
        ("the member is another", BY_ID, (BY_HOST,), ("scribe", "research-agent")),
        ("the deployment is excluded", BY_HOST,
         (agent("research-agent", "R", labeled=True, excluded=True),), ("research-agent", None)),
        ("the group goes", BY_ID, (GROUP_GONE,), ("scribe", None)),
    ],
)  # fmt: skip
def test_who_consumes_follows_what_is_told(
    change: str, told: Observed, then: tuple[LogRecord, ...], found: tuple[str | None, str | None]
) -> None:
    outcome = folded(*TOLD, told, then=then)
    for tick, agent_id in enumerate(found):
        topics = {one["topic"]: one.get("agent_ids") for one in kafka_of(outcome, tick)["topics"]}
        assert topics["tasks"] == ([agent_id] if agent_id else None), change
    live: dict[Any, Any] = {}
    for one in outcome.changes:
        live |= one.entities
    assert live["topic", ("tasks",)].agent_ids == ([found[1]] if found[1] else UNSET)


def test_a_pod_that_comes_makes_only_the_groups_anew_that_it_may_touch() -> None:
    groups = [
        group(member(f"c-{one}", f"/10.1.0.{one}"), name=f"g-{one}", reads=(f"t-{one}",)) for one in range(9)
    ]
    topics = [topic(f"t-{one}") for one in range(9)]
    comes = pod("research-agent", "research-agent-new", ip="10.1.0.3")
    outcome = folded(*TOLD, *groups, *topics, then=(comes,))
    touched = {name for name in outcome.changes[-2].entities if name[0] in ("group", "topic")}
    assert touched == {("group", ("g-3",)), ("topic", ("t-3",))}


def test_what_stands_for_two_agents_names_nobody_and_an_id_goes_before_a_name() -> None:
    poets: list[LogRecord] = [
        event("heartbeat", instance="p-1", name="Poet"),
        workload("poet-b"), agent("poet-b", "Poet B", labeled=True),
        workload("ode"), agent("ode", "Scribe", labeled=True),
    ]  # fmt: skip
    outcome = folded(CLUSTER, *poets, group(name="poet-b-1"), group(name="scribe"), group(name="poet.x"))
    found = {one["group"]: one.get("agent_ids") for one in kafka_of(outcome)["groups"]}
    assert found == {"poet-b-1": ["poet-b"], "scribe": ["ode"], "poet.x": ["poet"]}

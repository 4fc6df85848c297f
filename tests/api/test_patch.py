"""Applying changes: one table of kinds, then the rules of containers."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.patch import apply, ordered
from tests.api.fakes import AT, agent, model, snapshot

DEPLOYMENT = {"namespace": "agents", "name": "w", "desired": 3, "ready": 2, "available": 2, "updated": 3}
KAFKA = {"sampled_at": AT, "brokers": 3}
WORKLOAD = {
    "deployment_name": "writer",
    "namespace": "agents",
    "kind": "Deployment",
    "runtime": "kubernetes",
    "live": {"active_pods": 0, "updated_at": AT},
}
BEFORE = snapshot(kafka={**KAFKA, "groups": [{"group": "b"}], "topics": [{"topic": "t"}]})

ENTITIES: list[tuple[str, list[str], dict[str, Any], tuple[Any, ...]]] = [
    ("agent", ["coder"], agent("coder", "Coder"), ("agents", 0)),
    ("workload", ["agents", "writer"], WORKLOAD, ("workload", 1)),
    ("pod", ["agents", "research-agent", "uid-0"], {"pod_id": "uid-0"}, ("workload", 0, "pods", 0)),
    ("queue", ["tasks"], {"name": "tasks", "depth": 1, "tasks": []}, ("queues", 0)),
    ("litellm", ["openai", "gpt-4", "default"], model("gpt-4"), ("litellm", 0)),
    ("deployment", ["agents", "w"], DEPLOYMENT, ("kubernetes", "deployments", 0)),
    ("node", ["n1"], {"name": "n1", "ready": True}, ("kubernetes", "nodes", 0)),
    ("k8s_event", ["a", "Pod/x", "BackOff"], {"namespace": "a", "object": "Pod/x", "reason": "BackOff"},
     ("kubernetes", "events", 0)),
    ("group", ["a"], {"group": "a"}, ("kafka", "groups", 0)),
    ("topic", ["z"], {"topic": "z"}, ("kafka", "topics", 1)),
    ("by_agent", ["a"], {"agent_id": "a", "calls": 1}, ("llm_usage", "by_agent", 0)),
    ("by_model", ["p", "m"], {"provider": "p", "model": "m"}, ("llm_usage", "by_model", 0)),
    ("in_flight", ["c"], {"call_id": "c"}, ("llm_usage", "in_flight", 0)),
    ("alert", ["a"], {"id": "a"}, ("alerts", 0)),
    ("incident", ["i"], {"id": "i"}, ("incidents", 0)),
    ("source", ["k8s", "c1"], {"name": "k8s", "instance": "c1"}, ("sources", 0)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "key", "value", "place"), ENTITIES, ids=[one[0] for one in ENTITIES])
def test_an_entity_comes_to_its_place_once_and_goes_again(
    kind: str, key: list[str], value: dict[str, Any], place: tuple[Any, ...]
) -> None:
    kept = copy.deepcopy(BEFORE)
    once = apply(BEFORE, [(kind, key, value)], [])
    found: Any = once
    for step in place:
        found = found[step]
    assert found == ({**value, "pods": []} if kind == "workload" else value)
    assert apply(once, [(kind, key, value)], []) == once
    gone = apply(once, [], [(kind, key)])
    empty_cluster: dict[str, Any] = {"deployments": [], "nodes": [], "events": []}
    expected = {**BEFORE, "kubernetes": empty_cluster} if "kubernetes" in place else BEFORE
    assert gone == expected
    assert apply(gone, [], [(kind, key)]) == gone
    assert kept == BEFORE, "the document before it stays as it was"


def test_a_workload_keeps_its_pods_when_its_other_fields_change() -> None:
    value = {**WORKLOAD, "deployment_name": "research-agent", "max_pods": 9}
    (workload,) = apply(BEFORE, [("workload", ["agents", "research-agent"], value)], [])["workload"]
    assert workload == {**value, "pods": BEFORE["workload"][0]["pods"]}


def test_a_new_workload_takes_the_pods_that_the_same_change_names_before_it() -> None:
    pod = {"pod_id": "p", "name": "writer-1"}
    after = apply(
        BEFORE, [("pod", ["agents", "writer", "p"], pod), ("workload", ["agents", "writer"], WORKLOAD)], []
    )
    assert after["workload"][1]["pods"] == [pod]


def test_what_has_no_container_changes_nothing() -> None:
    bare = snapshot()
    changes = [("pod", ["agents", "nobody", "p"], {"pod_id": "p"}), ("group", ["g"], {"group": "g"})]
    assert (
        apply(bare, changes, [("pod", ["agents", "nobody", "p"]), ("topic", ["t"]), ("node", ["n"])]) == bare
    )


def test_unknown_kinds_change_nothing() -> None:
    strange: list[tuple[str, list[str], dict[str, Any]]] = [
        ("__proto__", ["a"], {"a": 1}),
        ("event", ["e"], {}),
    ]
    assert apply(BEFORE, strange, [("call", ["c"]), ("constructor", [])]) == BEFORE


def test_a_part_begins_with_empty_lists_keeps_them_and_goes_whole() -> None:
    begun = apply(snapshot(), [("kafka", [], KAFKA)], [])
    assert begun["kafka"] == {**KAFKA, "groups": [], "topics": []}
    changed = apply(BEFORE, [("kafka", [], {**KAFKA, "brokers": 1})], [])
    assert changed["kafka"] == {**BEFORE["kafka"], "brokers": 1}
    assert "llm_usage" not in apply(BEFORE, [], [("llm_usage", [])])


def test_a_part_and_its_entity_may_come_in_one_change_in_any_order() -> None:
    after = apply(snapshot(), [("group", ["g"], {"group": "g"}), ("kafka", [], KAFKA)], [])
    assert after["kafka"]["groups"] == [{"group": "g"}]


def test_a_stored_document_in_another_order_is_put_in_order() -> None:
    document = snapshot(agents=[{"agent_id": "b"}, {"agent_id": "a"}])
    document["workload"][0]["pods"] = [{"pod_id": "z"}, {"pod_id": "y"}]
    after = ordered(document)
    assert [one["agent_id"] for one in after["agents"]] == ["a", "b"]
    assert [one["pod_id"] for one in after["workload"][0]["pods"]] == ["y", "z"]


@given(st.lists(st.tuples(st.booleans(), st.text(min_size=1, max_size=3)), max_size=30))
def test_any_run_of_changes_gives_the_list_of_what_is_left_in_order(steps: list[tuple[bool, str]]) -> None:
    document, left = snapshot(agents=[]), dict[str, int]()
    for number, (put, name) in enumerate(steps):
        if put:
            left[name] = number
            document = apply(document, [("agent", [name], {"agent_id": name, "n": number})], [])
        else:
            left.pop(name, None)
            document = apply(document, [], [("agent", [name])])
    assert document["agents"] == [{"agent_id": name, "n": left[name]} for name in sorted(left)]

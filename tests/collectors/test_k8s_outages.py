"""What a server does at its worst: the collector is down with the reason, and recovers by itself."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from collectors.k8s_collector import client
from collectors.k8s_collector import collector as collector_module
from tests.collectors.k8s.lines import event
from tests.collectors.k8s.server import Api, Exchange
from tests.collectors.k8s.things import (
    metadata,
    pod_json,
)
from tests.collectors.k8s.watched import (
    DEPLOYMENTS,
    EVENTS,
    NODES,
    PODS,
    Watching,
    fill,
    in_replica_set,
    refuse,
    starting,
)


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
async def watching(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    async for start in starting(api, tmp_path, monkeypatch):
        yield start


async def test_what_ended_during_an_outage_is_told_with_its_end(
    api: Api, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    api.always("/version", refuse(500))
    await watched.until(lambda: watched.down)
    assert watched.pod().status == "Running"
    api.delete(PODS, "uid-p")
    api.compact()
    api.always("/version", None)
    await watched.until(lambda: ("pod", "uid-p") not in watched.values)
    assert watched.statuses()[-1] == "Deleted"


async def test_a_namespace_that_is_forbidden_is_told_and_the_rest_goes_on(
    api: Api, watching: Watching
) -> None:
    fill(api)
    for path in (PODS, EVENTS):
        api.always(path.replace("agents", "secret"), refuse(403, "Forbidden", "not yours"))
    watched = watching(oracle_namespaces=("agents", "secret"))
    await watched.synced_all()
    assert watched.pod().status == "Running"
    assert watched.reasons["pods in secret"] == "403 Forbidden: not yours"
    assert "pods in agents" not in watched.reasons
    api.put(PODS.replace("agents", "secret"), pod_json("mine", namespace="secret"))
    for path in (PODS, EVENTS):
        api.always(path.replace("agents", "secret"), None)
    await watched.until(lambda: ("pod", "uid-mine") in watched.values)
    await watched.until(lambda: "pods in secret" not in watched.reasons)


async def test_without_any_pods_to_see_it_is_down_until_it_may(api: Api, watching: Watching) -> None:
    fill(api)
    for path in (PODS, NODES):
        api.always(path, refuse(403, "Forbidden", "not yours"))
    watched = watching()
    await watched.until(lambda: watched.down)
    assert watched.down == "pods in agents: 403 Forbidden: not yours"
    api.always(PODS, None)
    await watched.synced_all()
    assert not watched.down
    await watched.until(lambda: watched.reasons.get("nodes") == "403 Forbidden: not yours")


async def test_forbidden_nodes_cost_only_the_nodes(api: Api, watching: Watching) -> None:
    fill(api)
    api.always(NODES, refuse(403, "Forbidden", "not yours"))
    watched = watching()
    await watched.synced_all()
    assert watched.reasons["nodes"] == "403 Forbidden: not yours"
    assert watched.pod().node == "n1"
    assert not watched.down


async def test_an_expired_token_is_down_until_the_file_has_a_new_one(
    api: Api, watching: Watching, tmp_path: Path
) -> None:
    fill(api)
    api.token = "good"
    watched = watching()
    await watched.synced_all()
    api.token = "newer"
    api.cut_all()
    await watched.until(lambda: "does not accept our credentials" in watched.down)
    assert "good" not in watched.down
    api.kubeconfig(tmp_path / "kubeconfig", "newer")
    api.put(PODS, in_replica_set("q"))
    await watched.until(lambda: ("pod", "uid-q") in watched.values)


async def test_a_server_that_accepts_and_never_answers_is_down(api: Api, watching: Watching) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    api.always("/version", Exchange.hold)
    await watched.until(lambda: watched.down)
    assert "does not answer" in watched.down
    api.always("/version", None)
    passes = watched.passes
    await watched.until(lambda: not watched.down and watched.passes > passes)


async def test_a_server_that_is_gone_is_down_and_what_was_known_stays(api: Api, watching: Watching) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    api.stop()
    await watched.until(lambda: watched.down)
    assert watched.pod().status == "Running"


FLOOD = 2_000_000
"""Events: more than anybody takes in during a test."""


async def test_a_flood_is_taken_at_the_pace_of_the_reader(
    api: Api, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Server and collector share this process: while one floods, the other's answers take longer.
    monkeypatch.setattr(collector_module, "ANSWER_SECONDS", 10.0)
    monkeypatch.setattr(client, "HEADERS_SECONDS", 10.0)
    line = event("MODIFIED", pod_json("p", {"phase": "Running"}, annotations={"a": "x" * 500}))
    sent = 0

    def flood(exchange: Exchange) -> None:
        nonlocal sent
        exchange.stream()
        while sent < FLOOD:
            exchange.more(line * 100)
            sent += 100

    watched = watching()
    await watched.synced_all()
    api.always(PODS, flood)
    api.cut_all()
    await watched.until(lambda: sent > 1000)
    for number in range(5):
        api.put(NODES, {"metadata": metadata(f"n{number}", "")})
    await watched.until(lambda: ("node", "n4") in watched.values)
    assert watched.pod().status == "Running"
    assert sent < FLOOD, "it is still coming in while the rest goes on"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_is_refused_in_passing_is_not_taken_for_gone_and_holds_up_only_itself(
    api: Api, watching: Watching, status: int
) -> None:
    fill(api)
    api.always(PODS.replace("agents", "other"), refuse(status, "Busy"))
    watched = watching(oracle_namespaces=("agents", "other"))
    await watched.until(lambda: watched.synced == {"agent", "deployment", "k8s_event", "node"})
    assert watched.reasons["pods in other"].startswith(str(status))
    assert watched.pod().status == "Running"
    api.always(PODS.replace("agents", "other"), None)
    await watched.synced_all()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_refusals_in_passing_are_overcome(api: Api, watching: Watching, status: int) -> None:
    fill(api)
    for path in (PODS, DEPLOYMENTS, NODES):
        api.script(path, *[refuse(status, "Busy")] * 3)
    watched = watching()
    await watched.synced_all()
    await watched.until(lambda: {("pod", "uid-p"), ("node", "n1")} <= set(watched.values))
    await watched.until(lambda: not set(watched.reasons) - {"metrics.k8s.io"})


@pytest.mark.parametrize("body", [b"<html>", b'{"items": 7}', b'{"items": [{"metadata": []}]}'])
async def test_garbage_is_down_with_the_reason_and_ends_by_itself(
    api: Api, watching: Watching, body: bytes
) -> None:
    api.streams_lists = False
    fill(api)
    api.always(
        PODS,
        lambda exchange: exchange.body(body) if not exchange.query.get("watch") else refuse(422)(exchange),
    )
    watched = watching()
    await watched.until(lambda: watched.down)
    assert "cannot be read" in watched.down
    api.always(PODS, None)
    await watched.until(lambda: ("pod", "uid-p") in watched.values)

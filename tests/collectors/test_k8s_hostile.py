"""What no API server in order sends: nothing of it ends the collector, or leaves it with a credential."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.k8s_collector.client import connect, shown_address
from collectors.k8s_collector.clock import ServerClock
from collectors.k8s_collector.lives import lived
from collectors.k8s_collector.objects import Pod
from collectors.k8s_collector.quantities import number_of
from collectors.k8s_collector.statuses import status_of
from schema.errors import SourceUnavailable
from tests.collectors.k8s.following import watch
from tests.collectors.k8s.server import Api
from tests.collectors.k8s.things import NOW, decoded, pod_json
from tests.collectors.k8s.watched import Watching, fill, settings, starting

PODS = "/api/v1/namespaces/agents/pods"
EVENTS = "/api/v1/namespaces/agents/events"


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
async def watching(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    async for start in starting(api, tmp_path, monkeypatch):
        yield start


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_time_that_no_calendar_holds_costs_its_object_only(
    api: Api, watching: Watching, moment: str
) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    wrong = pod_json("odd", {"phase": "Running"})
    wrong["metadata"]["creationTimestamp"] = moment
    api.put(PODS, wrong)
    await watched.until(lambda: "pods in agents" in watched.reasons)
    assert "outside the calendar" in watched.reasons["pods in agents"]
    api.put(PODS, pod_json("later", {"phase": "Running"}))
    await watched.until(lambda: any(kind == "pod" and "later" in key for kind, key in watched.values))
    assert not watched.down


async def test_garbage_on_one_resource_costs_that_resource_only(api: Api, watching: Watching) -> None:
    fill(api)
    api.always(EVENTS, watch(b"<html>\n"))
    watched = watching()
    await watched.until(lambda: "events in agents" in watched.reasons)
    await watched.until(lambda: any(kind == "pod" for kind, _ in watched.values))
    api.put(PODS, pod_json("later", {"phase": "Running"}))
    await watched.until(lambda: any(kind == "pod" and "later" in key for kind, key in watched.values))
    assert not watched.down


async def test_garbage_at_the_beginning_ends_nothing_that_an_earlier_collector_told(
    api: Api, watching: Watching
) -> None:
    fill(api)
    api.always(PODS, watch(b"<html>\n"))
    watched = watching(oracle_namespaces=("agents", "other"))
    await watched.until(lambda: "pods in agents" in watched.reasons and "node" in watched.synced)
    assert not {"pod", "workload"} & watched.synced
    api.always(PODS, None)
    await watched.synced_all()


async def test_an_object_that_a_fresh_collector_cannot_read_is_not_taken_for_gone(
    api: Api, watching: Watching
) -> None:
    fill(api)
    wrong = pod_json("odd", {"phase": "Running"})
    wrong["spec"]["containers"] = "no list"
    api.put(PODS, wrong)
    watched = watching()
    await watched.until(lambda: "pods in agents" in watched.reasons and "node" in watched.synced)
    assert "pod" not in watched.synced
    api.put(PODS, pod_json("odd", {"phase": "Running"}))
    await watched.synced_all()
    assert "pods in agents" not in watched.reasons or not watched.reasons["pods in agents"]


@pytest.mark.parametrize("url", ["https://a..b:6443", "https://host:99999", "admin:SECRET@api:6443"])
def test_a_wrong_address_is_called_an_address(api: Api, tmp_path: Path, url: str) -> None:
    path = api.kubeconfig(tmp_path / "kubeconfig")
    path.write_text(path.read_text().replace(api.url, url))
    with pytest.raises(SourceUnavailable) as caught:
        connect(settings(kubeconfig=str(path)), ServerClock()).get("/version")
    assert "credentials" not in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("slow_seconds", [0, 700, 3600])
def test_a_restart_loop_is_seen_by_whatever_clock_the_node_has(slow_seconds: int) -> None:
    life = None
    for number in range(5):
        now = NOW + timedelta(seconds=30 * number)
        end = (now - timedelta(seconds=slow_seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        last = {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": end}}
        container = {"name": "main", "restartCount": number, "state": {"running": {}}, "lastState": last}
        one = decoded(Pod, pod_json("p", {"phase": "Running", "containerStatuses": [container]}))
        life = lived(life, one, status_of(one), now)
    assert life is not None
    assert life.loops(NOW + timedelta(seconds=150))
    assert not life.loops(NOW + timedelta(minutes=30))


@pytest.mark.parametrize("token", ["good\n", "good \n\n"])
def test_a_token_file_may_end_with_a_newline(api: Api, tmp_path: Path, token: str) -> None:
    path = api.kubeconfig(tmp_path / "kubeconfig", token)
    server = connect(settings(kubeconfig=str(path)), ServerClock())
    assert server.get("/version")


@pytest.mark.parametrize("token", ["SECRET\x01TOKEN\nX: y", "SECRET€TOKEN"])
def test_a_token_that_no_header_carries_is_not_repeated(api: Api, tmp_path: Path, token: str) -> None:
    path = api.kubeconfig(tmp_path / "kubeconfig", token)
    with pytest.raises(SourceUnavailable) as caught:
        connect(settings(kubeconfig=str(path)), ServerClock()).get("/version")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
        ("http://admin:SECRET@api.example:80/base", "http://api.example:80"),
        ("https://a:b@c:d@host", "https://host"),
        ("admin:SECRET@api:6443", "https://api:6443"),
        ("http://admin:SEC/RET@api:6443", "http://api:6443"),
    ],
)
def test_an_address_is_shown_without_who_asks(url: str, shown: str) -> None:
    assert shown_address(url) == shown


def test_a_number_that_no_float_holds_is_no_quantity() -> None:
    assert number_of(10**400) is None


def test_a_failing_sidecar_and_init_container_are_in_the_chain_of_their_pod() -> None:
    def ended(reason: str, code: int, at: str) -> dict[str, object]:
        return {"terminated": {"reason": reason, "exitCode": code, "finishedAt": f"2026-02-06T14:3{at}Z"}}

    raw = pod_json(
        "p",
        {
            "phase": "Running",
            "conditions": [{"type": "Initialized", "status": "True"}],
            "initContainerStatuses": [
                {"name": "migrate", "restartCount": 1, "state": ended("Completed", 0, "0:03"),
                 "lastState": ended("OOMKilled", 137, "0:02")},
                {"name": "proxy", "restartCount": 1, "started": True, "state": {"running": {}},
                 "lastState": ended("Error", 1, "1:00")},
            ],
            "containerStatuses": [
                {"name": "main", "ready": True, "restartCount": 0,
                 "state": {"running": {"startedAt": "2026-02-06T14:30:05Z"}}},
            ],
        },
    )  # fmt: skip
    raw["metadata"]["creationTimestamp"] = "2026-02-06T14:30:00Z"
    pod = decoded(Pod, raw)
    life = lived(None, pod, status_of(pod), NOW)
    assert [one.status for one in life.transitions] == ["Created", "OOMKilled", "Running", "Error"]
    assert life.status == "Running"


def test_a_pod_that_failed_is_not_dated_by_when_it_was_scheduled() -> None:
    raw = pod_json(
        "p",
        {
            "phase": "Failed", "reason": "Evicted", "message": "low on memory",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-02-06T09:00:00Z"},
                {"type": "Ready", "status": "False", "lastTransitionTime": "2026-02-06T14:31:00Z"},
            ],
        },
    )  # fmt: skip
    status = status_of(decoded(Pod, raw))
    assert (status.name, status.message) == ("Evicted", "low on memory")
    assert status.since is not None
    assert status.since.isoformat() == "2026-02-06T14:31:00+00:00"

"""The Kubernetes benchmark's parts without a cluster: what it writes, replays, reads and compares."""

import http.client
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks.child import child
from benchmarks.figures import Row
from benchmarks.kubernetes import first_sync, fleet, visible
from benchmarks.kubernetes.changes import paced, per_second, readiness
from benchmarks.kubernetes.first_sync import Synced
from benchmarks.kubernetes.fleet import EMPTY, Owned
from benchmarks.kubernetes.readings import Reading
from benchmarks.kubernetes.record import CHANGES, PODS, place
from benchmarks.kubernetes.steady import between, replaying

MIB = 2**20


@pytest.mark.parametrize("pods", [1, 9, 10, 25, 200])
def test_pods_are_named_as_they_are_written_each_once(pods: int) -> None:
    names = fleet.pod_names(pods)
    assert len(names) == len(set(names)) == pods
    agent, digest, number = names[-1].rsplit("-", 2)
    described = fleet.deployment(int(agent.rpartition("-")[2]), 10)
    owned = fleet.replica_set(Owned(agent, "uid-d"), described)
    assert owned["metadata"]["name"] == f"{agent}-{digest}"
    written = fleet.pod(Owned(owned["metadata"]["name"], "uid-r"), int(number), "node-0000")
    assert written["metadata"]["name"] == names[-1]


def test_a_pod_leads_through_its_replica_set_to_its_deployment() -> None:
    described = fleet.deployment(3, 10)
    owned = fleet.replica_set(Owned("agent-0003", "uid-d"), described)
    written = fleet.pod(Owned(owned["metadata"]["name"], "uid-r"), 0, "node-0000")
    (to_set,) = written["metadata"]["ownerReferences"]
    (to_deployment,) = owned["metadata"]["ownerReferences"]
    assert (to_set["kind"], to_set["name"]) == ("ReplicaSet", owned["metadata"]["name"])
    assert (to_deployment["kind"], to_deployment["name"]) == ("Deployment", described["metadata"]["name"])
    selector, labels = owned["spec"]["selector"]["matchLabels"], written["metadata"]["labels"]
    assert selector.items() <= labels.items()
    assert selector.items() <= owned["spec"]["template"]["metadata"]["labels"].items()
    assert "pod-template-hash" not in described["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize(("ready", "told"), [(True, "True"), (False, "False")])
def test_a_change_is_the_readiness_that_a_kubelet_would_write(ready: bool, told: str) -> None:
    (request,) = readiness(["a-pod"], ready=ready)
    assert (request.method, request.path) == ("PATCH", "/api/v1/namespaces/fleet/pods/a-pod/status")
    conditions = request.body["status"]["conditions"]
    assert {one["type"]: one["status"] for one in conditions} == {"Ready": told, "ContainersReady": told}


def test_a_rate_is_of_pods_in_a_tick_of_two_seconds_and_gives_everything_in_order() -> None:
    assert (per_second(10_000, 1), per_second(10_000, 15)) == (50, 750)
    assert list(paced(range(5), 1e6)) == [0, 1, 2, 3, 4]


def _reading(**changed: Any) -> Reading:
    zero = {"cpu_seconds": 0.0, "at": 0.0, "uss": 0, "rss": 0, "peak": 0, "done": 0}
    return Reading(**{**zero, **changed})


def test_memory_of_a_pod_is_what_a_process_has_beyond_an_empty_one() -> None:
    def synced(cpu_seconds: float, uss: int) -> Synced:
        full = _reading(uss=uss * MIB, peak=2 * uss * MIB, synced_cpu_seconds=cpu_seconds, synced_seconds=1.0)
        return Synced(full, _reading(uss=10 * MIB, peak=10 * MIB))

    ours, peers = [synced(1.0, 11), synced(2.0, 12), synced(9.0, 13)], [synced(40.0, 50)]
    rows = {row.name: row for row in first_sync.section(1024, ours, ours, peers).rows}
    assert (rows["CPU until synced"].value, rows["CPU until synced"].ratio) == (2.0, 20.0)
    assert (rows["memory a pod (USS)"].value, rows["memory a pod (USS)"].peer) == (2.0, 40.0)


def test_beside_a_peer_the_ratio_says_how_many_times_our_cost_it_took() -> None:
    row = Row("CPU", 2.0, "s", peer=30.0)
    assert row.ratio == 15.0
    assert row.as_json() == {"name": "CPU", "value": 2.0, "unit": "s", "peer": 30.0, "ratio": 15.0}
    assert Row("CPU", 0.0, "s", peer=30.0).ratio is None


def test_what_was_done_lies_between_two_readings() -> None:
    done = between(_reading(cpu_seconds=1.0, at=10.0, done=100), _reading(cpu_seconds=1.5, at=12.0, done=350))
    assert (done.cpu_seconds, done.seconds, done.changes, done.each_ms) == (0.5, 2.0, 250, 2.0)


@pytest.mark.parametrize("size", [1, 7, 19, 64, 4096])
def test_a_change_is_seen_wherever_the_reads_cut_its_word(size: int) -> None:
    text = b'{"message":"bench-change-000012"}\n' * 2 + b'{"message":"bench-change-000345"}\n'
    source = io.BytesIO(text)

    class Cut(http.client.HTTPResponse):
        def __init__(self) -> None:
            """Read from the text alone."""

        def read1(self, n: int = -1) -> bytes:
            return source.read(min(size, n))

    sightings = visible.Sightings("test", Cut())
    sightings.run()
    assert sorted(sightings.seen) == [12, 345]


def test_only_changes_that_both_saw_are_compared() -> None:
    section = visible.section(10, {1: 1.0, 2: 2.0, 3: 3.0}, {1: 1.030, 3: 3.010}, {1: 1.010, 2: 2.010})
    values = {row.name: (round(row.value, 3), round(row.floor or 0, 3)) for row in section.rows}
    assert values["change sent → seen by the client, p50"] == (30.0, 10.0)
    assert values["  … after the plain watch saw it, p50"] == (20.0, 0)
    assert section.notes[0].startswith("1 of 3 patches")
    with pytest.raises(RuntimeError, match="of 1 changes"):
        visible.section(10, {1: 1.0}, {}, {1: 1.1})


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Give a recording of two pods and two changes."""
    texts = {
        f"list{PODS}": '{"items":[]}',
        f"list/api/v1/namespaces/{EMPTY}/pods": '{"items":[]}',
        f"watch{PODS}": '{"type":"ADDED"}\n{"type":"BOOKMARK"}\n',
        CHANGES: '{"type":"MODIFIED","n":1}\n{"type":"MODIFIED","n":2}\n',
    }
    for name, text in texts.items():
        place(tmp_path, name).write_text(text)
    return tmp_path


def test_a_replay_says_what_was_recorded_and_its_changes_over_and_over(recorded: Path) -> None:
    with replaying(recorded) as (server, kubeconfig):
        url = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)

        def ask(path: str) -> http.client.HTTPResponse:
            connection.request("GET", path)
            return connection.getresponse()

        assert json.loads(ask("/version").read())["major"] == "1"
        assert json.loads(ask(PODS).read()) == {"items": []}
        unknown = ask("/apis/metrics.k8s.io/v1beta1/pods")
        assert (unknown.status, bool(unknown.read())) == (404, True)
        server.tell("1000")
        watch = ask(f"{PODS}?watch=1&sendInitialEvents=true")
        told = [json.loads(watch.readline()) for _ in range(6)]
        connection.close()
    assert [one["type"] for one in told] == ["ADDED", "BOOKMARK", *["MODIFIED"] * 4]
    assert [one["n"] for one in told[2:]] == [1, 2, 1, 2]


def test_a_measured_process_ends_when_nobody_listens_any_more(recorded: Path) -> None:
    replay = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.kubernetes.replay", str(recorded)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert replay.stdout is not None
        assert replay.stdout.readline().strip().isdigit()
        replay.communicate(timeout=30)
        assert replay.returncode == 0
    finally:
        replay.kill()


def test_a_process_that_cannot_begin_is_told_with_its_words(tmp_path: Path) -> None:
    with (
        child("kubernetes.ours", str(tmp_path / "no")) as one,
        pytest.raises(RuntimeError, match="not enough values"),
    ):
        one.wait_for("synced", 60)


def test_without_a_control_plane_the_part_is_skipped_with_a_line_that_says_how_to_build_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.kubernetes.suite.missing", lambda: ["etcd"])
    assert command.main(["kubernetes", "--json"]) == 0
    told = capsys.readouterr()
    assert "make test-real" in told.err
    assert set(json.loads(told.out)) == {"machine"}


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (["kubernetes"], ["kubernetes"]),
        (["--only", "fold", "latency"], ["fold", "latency"]),
        (["--only", "fold", "--only", "memory"], ["fold", "memory"]),
    ],
)
def test_benchmarks_are_chosen_by_name(
    arguments: list[str], chosen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def note(options: Any, _progress: Callable[[str], None]) -> list[Any]:
        seen.append(options.only)
        return []

    monkeypatch.setattr(command, "_measure", note)
    assert command.main([*arguments, "--json"]) == 0
    assert seen == [chosen]


def test_a_benchmark_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["kubernets"])
    assert "kubernets" in capsys.readouterr().err

"""`oracle state`, `validate` and `issues` against an API that answers as SPEC §5 says."""

import io
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from cli.main import app
from cli.show_state import MAX_EVENTS, show_state
from cli.stack import settings
from cli.stack.server import free_port

SNAPSHOT = {
    "id": "0",
    "timestamp": "2026-02-06T14:32:12Z",
    "environment": "default",
    "schema_version": "1.0",
    "agents": [{"agent_id": "writer-agent", "name": "Writer", "status": "healthy", "models": ["demo"]}],
    "workload": [
        {
            "namespace": "local",
            "deployment_name": "writer-agent",
            "pods": [{"pod_id": "1", "status": "Running", "cpu": 12.5}],
        }
    ],
    "sources": [{"name": "oracle-process", "instance": "h", "status": "fresh", "age_seconds": 0.4}],
}


class FakeApi(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, object]]] = {}
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization")))
        status, body = self.answers[self.path.split("?")[0]]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass  # keeps the output of the tests clean


@pytest.fixture
def api() -> Iterator[str]:
    FakeApi.answers, FakeApi.asked = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeApi)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def oracle(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_state_is_shown_for_people(api: str) -> None:
    FakeApi.answers["/api/v1/oracle/state"] = (200, SNAPSHOT)
    shown = oracle("state", "--url", api)
    assert shown.exit_code == 0
    assert "Writer" in shown.stdout
    assert "12.5" in shown.stdout


def test_a_pod_in_trouble_stands_first_and_what_cannot_be_read_says_why(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    well = [{"pod_id": f"pod-{number}", "status": "Running", "ready": True} for number in range(60)]
    ill = {"pod_id": "ill", "status": "Running", "ready": True, "restart_loop": True, "restarts": 7}
    unavailable = [{"part": "metrics.k8s.io", "reason": "404 Not Found"}]
    snapshot = {
        **SNAPSHOT,
        "workload": [{"namespace": "agents", "deployment_name": "writer", "pods": [*well, ill]}],
        "kubernetes": {
            "deployments": [{"namespace": "agents", "name": "writer", "desired": 61, "ready": 60}]
        },
        "sources": [{"name": "kubernetes", "status": "fresh", "unavailable": unavailable}],
    }
    FakeApi.answers["/api/v1/oracle/state"] = (200, snapshot)
    lines = oracle("state", "--url", api).stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("pod ")) + 1
    assert lines[first].split()[:2] == ["agents/ill", "Running"]
    assert "… and 11 more: oracle state --json" in lines
    assert any("metrics.k8s.io: 404 Not Found" in line for line in lines)
    assert any(line.split()[:3] == ["agents/writer", "60", "61"] for line in lines)


LONG_NAME = "research-assistant-agent-with-a-long-name-6c4b9d7f8-x2v9k"


def rows_of(parts: Mapping[str, object], *, width: int = 80, is_terminal: bool = False) -> list[str]:
    written = io.StringIO()
    console = Console(file=written, width=width, force_terminal=is_terminal, color_system=None)
    show_state({**SNAPSHOT, "workload": [], **parts}, console)
    return [line.rstrip() for line in written.getvalue().splitlines()]


def below(title: str, rows: list[str]) -> list[str]:
    """Give the lines under a table's title and its header."""
    return rows[rows.index(title) + 2 :]


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("name", ["writer-6c4b-1", LONG_NAME, "p" * 253])
def test_the_name_of_a_pod_stays_whole_on_one_line(name: str, *, is_terminal: bool, width: int) -> None:
    pod = {
        "pod_id": "1", "name": name, "status": "CreateContainerConfigError", "cpu": 1250, "memory": 2048,
        "restarts": 3, "last_termination_reason": "ContainerCannotRun",
    }  # fmt: skip
    workload = {"namespace": "agents", "deployment_name": "w", "pods": [pod]}
    shown = rows_of({"workload": [workload]}, width=width, is_terminal=is_terminal)
    (line,) = [line for line in shown if line.startswith(f"agents/{name} ")]
    if not is_terminal:
        whole = [f"agents/{name}", "CreateContainerConfigError", "1250", "2048", "3", "ContainerCannotRun"]
        assert line.split() == whole


def test_a_table_that_fits_the_terminal_is_not_wider_than_it() -> None:
    pods = [{"pod_id": "1", "name": "research-agent-6c4b9d7f8-x2v9k", "status": "CreateContainerConfigError"}]
    events = [
        {
            "namespace": "agents", "object": "Pod/x", "reason": "BackOff", "count": 3,
            "message": "Back-off " * 30, "last_seen": "2026-02-06T14:32:00Z",
        }
    ]  # fmt: skip
    parts = {
        "workload": [{"namespace": "agents", "deployment_name": "w", "pods": pods}],
        "kubernetes": {"deployments": [], "nodes": [], "events": events},
    }
    shown = rows_of(parts, is_terminal=True)
    assert max(len(line) for line in shown) <= 80


@pytest.mark.parametrize(
    ("parts", "title", "row"),
    [
        (
            {"sources": [{"name": "kubernetes", "instance": "prod", "status": "fresh", "age_seconds": 1.5}]},
            "sources",
            ["kubernetes@prod", "fresh", "1.5", "–"],
        ),
        (
            {
                "workload": [
                    {"namespace": "mock", "runtime": "mock", "pods": [{"pod_id": "m", "status": "Running"}]}
                ]
            },
            "pods and processes",
            ["mock/m", "(mock)", "Running", "–", "–", "–", "–"],
        ),
        (
            {"kubernetes": {"nodes": [{"name": "n1", "ready": True}, {"name": "n2", "ready": False}]}},
            "nodes in trouble",
            ["n2", "no", "–", "–"],
        ),
        (
            {
                "kubernetes": {
                    "nodes": [
                        {"name": "n1", "ready": True, "pressures": ["DiskPressure"]},
                        {"name": "n2", "ready": False, "reason": "KubeletNotReady"},
                    ]
                }
            },
            "nodes in trouble",
            ["n2", "no", "–", "KubeletNotReady"],
        ),
    ],
)
def test_each_part_of_the_cluster_has_its_row(parts: dict[str, object], title: str, row: list[str]) -> None:
    assert below(title, rows_of(parts))[0].split() == row


def test_nodes_that_are_well_are_not_listed() -> None:
    shown = rows_of({"kubernetes": {"nodes": [{"name": "n1", "ready": True, "pressures": []}]}})
    assert "nodes in trouble" not in shown


def test_the_newest_warning_events_are_listed_first_and_the_rest_is_counted() -> None:
    events = [
        {
            "namespace": "agents", "object": f"Pod/w-{second}", "reason": "BackOff", "message": "again",
            "count": 3, "last_seen": f"2026-02-06T14:32:{second:02}Z",
        }
        for second in range(13)
    ]  # fmt: skip
    shown = below("warning events", rows_of({"kubernetes": {"events": events}}))
    assert shown[0].split() == ["agents/Pod/w-12", "BackOff", "3", "2026-02-06T14:32:12Z", "again"]
    assert shown[MAX_EVENTS - 1].split()[0] == "agents/Pod/w-3"
    assert shown[MAX_EVENTS] == "… and 3 more: oracle state --json"


def test_state_as_json_is_the_answer_itself(api: str) -> None:
    FakeApi.answers["/api/v1/oracle/state"] = (200, SNAPSHOT)
    shown = oracle("state", "--url", api, "--json", "--at", "2026-02-06T14:32:12Z")
    assert json.loads(shown.stdout) == SNAPSHOT
    assert FakeApi.asked[0][0] == "/api/v1/oracle/state?at=2026-02-06T14%3A32%3A12Z"


def test_the_key_is_sent_as_the_bearer(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORACLE_API_KEY", "key")
    FakeApi.answers["/api/v1/oracle/state"] = (200, SNAPSHOT)
    oracle("state", "--url", api)
    assert FakeApi.asked[0][1] == "Bearer key"


def test_without_an_address_the_stack_of_the_dotenv_file_is_asked_with_its_own_key(
    api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_PORT", "ORACLE_API_KEY", "ORACLE_API_KEYS", "ORACLE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    port = api.rpartition(":")[2]
    (tmp_path / ".env").write_text(f"API_PORT={port}\nORACLE_API_KEYS=other=no,c2VjcmV0cw==\n")
    monkeypatch.setattr(settings.load_stack, "__defaults__", (None, tmp_path))
    FakeApi.answers["/api/v1/oracle/state"] = (200, SNAPSHOT)
    assert oracle("state").exit_code == 0
    monkeypatch.delenv("HTTP_PROXY")
    assert oracle("state", "--url", api).exit_code == 0
    assert [key for _, key in FakeApi.asked] == ["Bearer c2VjcmV0cw==", None]


def test_what_an_agent_writes_neither_breaks_nor_steers_the_terminal(api: str) -> None:
    agent = {
        "agent_id": "a",
        "name": "[/bold]\x1b[2J",
        "status": "healthy",
        "activity": {"reasoning": "[red]a\nb"},
    }
    FakeApi.answers["/api/v1/oracle/state"] = (200, {**SNAPSHOT, "agents": [agent]})
    shown = oracle("state", "--url", api)
    assert shown.exit_code == 0
    assert "[/bold]\ufffd[2J" in shown.stdout
    assert "[red]a b" in shown.stdout
    body = {"status": "degraded", "issues": ["\x1b]0;title\x07"], "agent_count": 1, "active_tasks": 0}
    FakeApi.answers["/api/v1/oracle/issues"] = (200, body)
    assert "\x1b" not in oracle("issues", "--url", api).stdout


@pytest.mark.parametrize(("valid", "status"), [(True, 0), (False, 1)])
def test_validate_exits_by_the_verdict(api: str, valid: bool, status: int) -> None:
    errors = [] if valid else [{"path": "$.agents", "message": "is missing", "schema_path": "required"}]
    body = {"valid": valid, "error_count": len(errors), "errors": errors}
    FakeApi.answers["/api/v1/oracle/validate"] = (200, body)
    shown = oracle("validate", "--url", api)
    assert shown.exit_code == status
    assert ("$.agents: is missing" in shown.stdout) is not valid


@pytest.mark.parametrize(("system", "status"), [("healthy", 0), ("degraded", 1), ("critical", 1)])
def test_issues_exits_zero_only_when_healthy(api: str, system: str, status: int) -> None:
    body = {"status": system, "issues": ["Model gpt-4 at 95% TPM limit"], "agent_count": 4, "active_tasks": 2}
    FakeApi.answers["/api/v1/oracle/issues"] = (200, body)
    shown = oracle("issues", "--url", api)
    assert shown.exit_code == status
    assert "Model gpt-4 at 95% TPM limit" in shown.stdout


@pytest.mark.parametrize(
    ("agents", "tasks", "line"),
    [
        (0, 0, "healthy: 0 agents, 0 active tasks"),
        (1, 1, "healthy: 1 agent, 1 active task"),
        (2, 3, "healthy: 2 agents, 3 active tasks"),
    ],
)
def test_issues_counts_agents_and_tasks_in_words(api: str, agents: int, tasks: int, line: str) -> None:
    body = {"status": "healthy", "issues": [], "agent_count": agents, "active_tasks": tasks}
    FakeApi.answers["/api/v1/oracle/issues"] = (200, body)
    assert oracle("issues", "--url", api).stdout.splitlines() == [line]


def test_a_refusal_is_told_in_one_line(api: str) -> None:
    FakeApi.answers["/api/v1/oracle/state"] = (401, {"title": "Unauthorized", "detail": "a key is needed"})
    shown = oracle("state", "--url", api)
    assert shown.exit_code == 2
    assert "401 a key is needed" in shown.stderr


def test_an_api_that_is_not_there_is_told_in_one_line() -> None:
    shown = oracle("state", "--url", f"http://127.0.0.1:{free_port()}")
    assert shown.exit_code == 2
    assert len(shown.stderr.splitlines()) == 1

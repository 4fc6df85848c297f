"""`oracle state`, `validate` and `issues` against an API that answers as SPEC §5 says."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
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


def test_a_refusal_is_told_in_one_line(api: str) -> None:
    FakeApi.answers["/api/v1/oracle/state"] = (401, {"title": "Unauthorized", "detail": "a key is needed"})
    shown = oracle("state", "--url", api)
    assert shown.exit_code == 2
    assert "401 a key is needed" in shown.stderr


def test_an_api_that_is_not_there_is_told_in_one_line() -> None:
    shown = oracle("state", "--url", f"http://127.0.0.1:{free_port()}")
    assert shown.exit_code == 2
    assert len(shown.stderr.splitlines()) == 1

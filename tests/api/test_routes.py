"""What each route answers, with a store in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from api.app import Api, create_app
from api.live import Live
from api.settings import ApiSettings
from runtime.health import Health
from tests.api.fakes import FakeStore, agent, snapshot, snapshot_id

Client = TestClient[Api]


def build(store: FakeStore, health: Health | None = None, **settings: Any) -> Client:
    options = msgspec.convert(settings, ApiSettings)
    app = create_app(options, store, Live(store, options.oracle_environment), health)
    return TestClient(app, base_url="http://localhost:8080", raise_server_exceptions=False)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore(
        snapshot(1, "2026-02-06T14:32:12Z"),
        snapshot(2, "2026-02-06T14:32:14Z", agents=[agent("a", "Researcher", "down")]),
        snapshot(3, "2026-02-06T14:32:14Z", environment="staging"),
    )


@pytest.fixture
def client(store: FakeStore) -> Iterator[Client]:
    with build(store) as client:
        yield client


def test_the_state_is_the_newest_snapshot_as_it_was_stored(client: Client, store: FakeStore) -> None:
    answer = client.get("/api/v1/oracle/state")
    assert answer.status_code == 200
    assert answer.content == msgspec.json.encode(store.documents[1])
    assert answer.headers["x-oracle-snapshot-id"] == str(snapshot_id(2))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("at=2026-02-06T14:32:12Z", 1),
        ("at=2026-02-06T14:32:13.999Z", 1),
        ("at=2026-02-06T15:32:13%2B01:00", 1),
        ("at=2026-02-06T15:32:13+01:00", 1),
        ("at=2026-02-06T14:32:13", 1),
        ("at=2026-02-06T14:32:14Z", 2),
        ("environment=staging", 3),
        ("environment=staging&at=2027-01-01T00:00:00Z", 3),
    ],
)
def test_a_moment_and_an_environment_choose_the_snapshot(client: Client, query: str, number: int) -> None:
    assert client.get(f"/api/v1/oracle/state?{query}").json()["id"] == str(snapshot_id(number))


def test_fields_keep_only_those_parts(client: Client) -> None:
    answer = client.get("/api/v1/oracle/state?fields=id,agents,%20litellm")
    assert list(answer.json()) == ["id", "agents", "litellm"]


def test_parts_have_addresses_of_their_own(client: Client) -> None:
    state = client.get("/api/v1/oracle/state").json()
    assert client.get("/api/v1/oracle/agents").json() == state["agents"]
    assert client.get("/api/v1/oracle/workload").json() == state["workload"]
    llm = client.get("/api/v1/oracle/llm").json()
    assert llm == {"models": state["litellm"], "usage": state["llm_usage"]}


def test_usage_that_nobody_reports_is_absent() -> None:
    document = snapshot()
    del document["llm_usage"]
    with build(FakeStore(document)) as client:
        assert list(client.get("/api/v1/oracle/llm").json()) == ["models"]


def test_a_valid_snapshot_is_called_valid(client: Client) -> None:
    assert client.get("/api/v1/oracle/validate").json() == {"valid": True, "error_count": 0, "errors": []}


def test_an_invalid_snapshot_is_told_place_by_place() -> None:
    document = snapshot(extra=1)
    document["agents"][0]["status"] = "happy"
    document["timestamp"] = "2026-02-06T14:32:12"
    document["sources"][0]["age_seconds"] = None
    with build(FakeStore(document | {"timestamp": "2026-02-06T14:32:12+00:00"})) as client:
        found = client.get("/api/v1/oracle/validate").json()
    assert found["valid"] is False
    assert found["error_count"] == len(found["errors"]) == 3
    assert [one["path"] for one in found["errors"]] == ["$", "$.agents[0].status", "$.sources[0].age_seconds"]
    assert all(one["message"] and one["schema_path"] for one in found["errors"])


def test_the_schema_is_the_published_one(client: Client) -> None:
    answer = client.get("/api/v1/oracle/schema")
    assert answer.headers["content-type"].startswith("application/schema+json")
    assert answer.json()["title"] == "Oracle Monitor snapshot"


def test_issues_are_sentences_and_the_age_of_an_old_snapshot_is_one(client: Client) -> None:
    told = client.get("/api/v1/oracle/issues").json()
    age, down = told.pop("issues")
    assert told == {"status": "critical", "agent_count": 1, "active_tasks": 1}
    assert age.startswith("The newest snapshot is ")
    assert down == "Agent Researcher is down"


def test_a_snapshot_that_somebody_else_wrote_badly_is_pointed_out() -> None:
    with build(FakeStore(snapshot(agents="many"))) as client:
        answer = client.get("/api/v1/oracle/issues")
    assert answer.status_code == 500
    assert "/api/v1/oracle/validate" in answer.json()["detail"]


def test_snapshots_at_gives_the_nearest_at_or_before(client: Client) -> None:
    answer = client.get("/api/v1/snapshots/at?timestamp=2026-02-06T14:32:13Z")
    assert answer.json()["id"] == str(snapshot_id(1))
    assert client.get("/api/v1/snapshots/at?timestamp=2020-01-01T00:00:00Z").status_code == 404


def test_openapi_lists_every_route_of_the_api(client: Client) -> None:
    document = client.get("/schema").json()
    assert client.get("/schema/openapi.json").json() == document
    assert document["openapi"].startswith("3.1")
    assert {path for path in document["paths"] if path.startswith("/api")} == {
        *(
            f"/api/v1/oracle/{one}"
            for one in ("state", "validate", "schema", "agents", "workload", "llm", "issues")
        ),
        "/api/v1/snapshots/at",
        "/api/v1/live",
    }
    state = document["paths"]["/api/v1/oracle/state"]["get"]
    assert {one["name"] for one in state["parameters"]} == {"at", "environment", "fields"}


def test_health_is_about_the_process_and_readiness_about_what_it_needs() -> None:
    health = Health("store", "broker")
    with build(FakeStore(), health) as client:
        assert client.get("/health").json() == {"status": "ok", "service": "api"}
        health.report("store", True)
        health.report("broker", False, "kafka.internal:9092 refused")
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert answer.json()["dependencies"]["store"] == {"status": "ok"}
        assert answer.json()["dependencies"]["broker"]["status"] == "unavailable"
        assert "internal" not in answer.text
        health.report("broker", True)
        assert client.get("/ready").json()["status"] == "ready"


def test_requests_are_counted_by_their_route_and_not_by_their_address(client: Client) -> None:
    client.get("/api/v1/oracle/state?at=2020-01-01")
    client.get("/assets/unknown-1234.js")
    text = client.get("/metrics").text
    assert 'oracle_http_requests_total{method="GET",route="/api/v1/oracle/state",status="404"}' in text
    assert 'oracle_http_request_seconds_count{route="/api/v1/oracle/state"}' in text
    assert "unknown-1234" not in text


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<title>Oracle Monitor</title>")
    (tmp_path / "dist" / "assets" / "index-abc123.js").write_text("run()")
    (tmp_path / "dist" / ".env").write_text("SECRET=1")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "dist" / "link.txt").symlink_to(tmp_path / "secret.txt")
    return tmp_path / "dist"


def test_the_dashboard_is_served_under_a_strict_policy(store: FakeStore, built: Path) -> None:
    settings: dict[str, Any] = {"dashboard_dir": str(built), "supabase_url": "https://x.supabase.co"}
    with build(store, **settings, oracle_api_keys=["k"]) as client:
        page = client.get("/")
        assert page.text == "<title>Oracle Monitor</title>"
        assert page.headers["cache-control"] == "no-cache"
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "https://x.supabase.co wss://x.supabase.co" in page.headers["content-security-policy"]
        again = client.get("/", headers={"if-none-match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        script = client.get("/assets/index-abc123.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in script.headers["cache-control"]
        head = client.head("/")
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/.env", "/link.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets", "/%00.js"]
)
def test_nothing_but_the_dashboards_own_files_is_served(store: FakeStore, built: Path, path: str) -> None:
    with build(store, dashboard_dir=str(built)) as client:
        answer = client.get(path)
        assert answer.status_code == 404
        assert "secret" not in answer.text.lower()


def test_a_dashboard_that_is_not_built_says_how_to_build_it(store: FakeStore, tmp_path: Path) -> None:
    with build(store, dashboard_dir=str(tmp_path)) as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "npm --prefix frontend run build" in answer.text

"""Every error answer is a problem document that names what a client can mend, and nothing internal."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.fakes import FakeStore, snapshot
from tests.api.test_routes import Client, build


@pytest.fixture
def client() -> Iterator[Client]:
    with build(FakeStore(snapshot())) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "field"),
    [
        ("GET", "/api/v1/oracle/state?at=yesterday", 400, "at"),
        ("GET", "/api/v1/oracle/state?at=0001-01-01T00:00:00%2B23:59", 400, "at"),
        ("GET", "/api/v1/oracle/state?fields=id,agent", 400, "fields"),
        ("GET", "/api/v1/oracle/state?environment=", 400, "environment"),
        ("GET", f"/api/v1/oracle/state?environment={'e' * 257}", 400, "environment"),
        ("GET", "/api/v1/oracle/state?environment=a%00b", 400, "environment"),
        ("GET", "/api/v1/oracle/state?environment=nowhere", 404, None),
        ("GET", "/api/v1/oracle/state?at=2001-01-01T00:00:00Z", 404, None),
        ("GET", "/api/v1/oracle/issues?environment=nowhere", 404, None),
        ("GET", "/api/v1/snapshots/at", 400, "timestamp"),
        ("GET", "/api/v1/snapshots/at?timestamp=%27%3B--", 400, "timestamp"),
        ("GET", "/api/v1/live?events=perhaps", 400, "events"),
        ("GET", "/api/v1/nothing", 404, None),
        ("GET", "/api/v2", 404, None),
        ("POST", "/api/v1/nothing", 404, None),
        ("GET", "/schema/nothing", 404, None),
        ("GET", "/nothing.html", 404, None),
        ("POST", "/api/v1/oracle/state", 405, None),
        ("DELETE", "/", 405, None),
        ("TRACE", "/api/v1/oracle/state", 405, None),
    ],
)
def test_a_wrong_request_is_answered_with_a_problem(
    client: Client, method: str, path: str, status: int, field: str | None
) -> None:
    answer = client.request(method, path)
    problem: dict[str, Any] = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"]
    assert problem["detail"]
    if field:
        assert [one["field"] for one in problem["errors"]] == [field]
        assert all(one["message"] for one in problem["errors"])
    else:
        assert "errors" not in problem
    if status == 405:
        assert "GET" in answer.headers["allow"]


def test_an_environment_without_a_snapshot_says_what_to_check(client: Client) -> None:
    detail = client.get("/api/v1/oracle/state?environment=nowhere").json()["detail"]
    assert "nowhere has no snapshot yet: check that the aggregator runs" in detail


def test_a_store_that_is_down_is_503_with_a_time_to_come_back_and_no_address() -> None:
    store = FakeStore(snapshot())
    store.down = True
    with build(store) as client:
        for path in (
            "/api/v1/oracle/state",
            "/api/v1/oracle/validate",
            "/api/v1/snapshots/at?timestamp=2026-01-01",
        ):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
            assert "db.internal" not in answer.text
        assert client.get("/health").status_code == 200


def test_a_fault_of_our_own_tells_nothing() -> None:
    class Broken(FakeStore):
        def newest(self, environment: str) -> None:
            raise RuntimeError("secret at /srv/place")

    with build(Broken()) as client:
        answer = client.get("/api/v1/oracle/state")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "/srv" not in answer.text

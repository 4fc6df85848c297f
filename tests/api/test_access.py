"""Who may read what: keys, environments, and this machine only where there is no key."""

import pytest
from litestar.routes import HTTPRoute

from api.keys import EVERYTHING, Grant, Keyring
from api.settings import ApiSettings, check, is_loopback
from schema.errors import SettingError
from tests.api.fakes import FakeStore, snapshot, snapshot_id
from tests.api.test_routes import build

KEYS = ["all-seeing-key", "staging=staging-key", "two=two-key", "three=two-key"]
PUBLIC_ROUTES = {"/", "/{file:path}", "/health", "/ready"}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_every_route_wants_a_key_unless_it_is_public() -> None:
    with build(FakeStore(snapshot()), oracle_api_keys=KEYS) as client:
        asked = set()
        for route in client.app.routes:
            assert isinstance(route, HTTPRoute)
            asked.add(route.path)
            path = route.path.replace("{path:str}", "x").replace("{file:path}", "file.html")
            for method in route.methods - {"OPTIONS", "HEAD"}:
                answer = client.request(method, path)
                if route.path in PUBLIC_ROUTES:
                    assert answer.status_code in {200, 404, 405, 503}
                else:
                    assert answer.status_code == 401, route.path
                    assert answer.headers["www-authenticate"].startswith("Bearer")
                    assert answer.headers["content-type"] == "application/problem+json"
        assert {"/metrics", "/schema", "/api/v1/live", "/api/v1/oracle/state"} <= asked


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic all-seeing-key", "all-seeing-key", "Bearer schlüssel"],
)
def test_a_wrong_key_opens_nothing(header: str) -> None:
    with build(FakeStore(snapshot()), oracle_api_keys=KEYS) as client:
        answer = client.get("/api/v1/oracle/state", headers={b"authorization": header.encode()})
        assert answer.status_code == 401
        assert "wrong" not in answer.text


def test_a_key_opens_its_environments_and_no_other() -> None:
    store = FakeStore(snapshot(1), snapshot(2, environment="staging"))
    path = "/api/v1/oracle/state"
    with build(store, oracle_api_keys=KEYS) as client:
        assert client.get(path, headers=bearer("all-seeing-key")).json()["id"] == str(snapshot_id(1))
        assert client.get(path, headers=bearer("staging-key")).json()["id"] == str(snapshot_id(2))
        for environment in ("default", "no-such-environment"):
            for place in (path, "/api/v1/live", "/api/v1/oracle/issues"):
                answer = client.get(f"{place}?environment={environment}", headers=bearer("staging-key"))
                assert answer.status_code == 403
                assert answer.json()["errors"][0]["field"] == "environment"
        assert client.get(path, headers=bearer("two-key")).status_code == 403, "it has to name one of its two"
        assert client.get(f"{path}?environment=two", headers=bearer("two-key")).status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:8080", 200),
        ("127.8.9.1", 200),
        ("[::1]:8080", 200),
        ("[::1]", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:8080", 421),
        ("localhost.evil.example", 421),
        ("10.0.0.7:8080", 421),
    ],
)
def test_without_keys_only_names_of_this_machine_are_answered(host: str, status: int) -> None:
    with build(FakeStore(snapshot())) as client:
        for path in ("/api/v1/oracle/state", "/metrics", "/health"):
            assert client.get(path, headers={"host": host}).status_code == status


def test_with_keys_any_name_is_answered() -> None:
    with build(FakeStore(snapshot()), oracle_api_keys=KEYS) as client:
        headers = {"host": "oracle.example", **bearer("all-seeing-key")}
        assert client.get("/api/v1/oracle/state", headers=headers).status_code == 200


def test_without_keys_the_network_is_not_served() -> None:
    for host in ("0.0.0.0", "::", "10.0.0.7", "oracle.example"):
        with pytest.raises(SettingError, match="ORACLE_API_KEYS"):
            check(ApiSettings(api_host=host))
        check(ApiSettings(api_host=host, oracle_api_keys=("k",)))
    for host in ("127.0.0.1", "localhost", "::1"):
        check(ApiSettings(api_host=host))
        assert is_loopback(host)


@pytest.mark.parametrize(
    ("entries", "key", "grant"),
    [
        (["abc"], "abc", EVERYTHING),
        (["abc=="], "abc==", EVERYTHING),
        (["dev=abc=="], "abc==", Grant(frozenset({"dev"}))),
        (["dev=k", "ops=k"], "k", Grant(frozenset({"dev", "ops"}))),
        (["dev=k", "k"], "k", EVERYTHING),
        (["dev=k"], "dev=k", None),
        (["dev=k"], "", None),
        ([], "anything", None),
    ],
)
def test_entries_are_keys_or_environments_with_keys(
    entries: list[str], key: str, grant: Grant | None
) -> None:
    assert Keyring(entries).grant(key) == grant


@pytest.mark.parametrize("entry", ["=", "==", "=key", " =key"])
def test_an_entry_that_is_half_empty_is_a_wrong_setting(entry: str) -> None:
    with pytest.raises(SettingError, match="ORACLE_API_KEYS"):
        Keyring([entry])

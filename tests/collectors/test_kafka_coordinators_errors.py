"""Errors of the second library end no sample, and one missing group makes it forget nothing."""

from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from collectors.kafka_collector import coordinator_client, coordinators
from collectors.kafka_collector.coordinator_client import Answered, CoordinatorClient
from collectors.kafka_collector.coordinators import UNLISTED_SECONDS, Coordinators
from runtime.settings import BaseSettings


class Library:
    """Stands for the library's connections: they run `answer`, and fail to close where `bad` is told."""

    def __init__(self, answer: Callable[[], Answered[bool]], bad: bool = False) -> None:
        self._answer = answer
        self._bad = bad
        self.closed = 0

    def run(self, *_: object) -> Answered[bool]:
        return self._answer()

    def close(self) -> None:
        self.closed += 1
        if self._bad:
            raise OSError("bad descriptor")


def client_of(answer: Callable[[], Answered[bool]], bad: bool = False) -> tuple[CoordinatorClient, Library]:
    client = CoordinatorClient(BaseSettings(kafka_bootstrap_servers="127.0.0.1:1"))
    library = Library(answer, bad)
    client._manager = client._loop = library
    return client, library


def fails() -> Answered[bool]:
    raise ConnectionError("gone")


def test_connections_that_cannot_be_closed_are_given_up() -> None:
    client, library = client_of(fails, bad=True)
    assert client.offsets(["g"], 1).refused == {"g": "its coordinator cannot be asked: ConnectionError"}
    assert (client._manager, client._loop, library.closed) == (None, None, 2)


def test_a_library_that_cannot_be_loaded_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise ImportError("libz.so.1")

    monkeypatch.setattr(coordinator_client, "load", load)
    client = CoordinatorClient(BaseSettings(kafka_bootstrap_servers="127.0.0.1:1"))
    assert client.offsets(["g"], 1).refused == {"g": "its coordinator cannot be asked: ImportError"}


def test_a_missing_group_that_is_asked_about_does_not_make_it_forget_the_others() -> None:
    client, _ = client_of(lambda: Answered({"x": False}))
    client._at = {f"g{number}": 1 for number in range(10_000)}
    client.gone(["x"], 1)
    assert len(client._at) == 10_000
    client.offsets(["x"], 1)
    assert client._at == {}


class Admin:
    """Lists no group."""

    def list_consumer_groups(self, **_: object) -> "Future[SimpleNamespace]":
        listed: Future[SimpleNamespace] = Future()
        listed.set_result(SimpleNamespace(valid=[], errors=[]))
        return listed


async def test_new_connections_are_tried_again_later_for_a_group_that_is_known_and_not_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = BaseSettings(kafka_bootstrap_servers="127.0.0.1:1")
    client = SimpleNamespace(admin=Admin(), settings=settings)
    asked = Coordinators(client, bool)  # type: ignore[arg-type] # what is used of it
    monkeypatch.setattr(CoordinatorClient, "gone", lambda _, names, __: Answered(dict.fromkeys(names, False)))
    now = 100.0
    monkeypatch.setattr(coordinators, "time", SimpleNamespace(monotonic=lambda: now))
    assert [(await asked.groups(["one"])).lost for _ in range(3)] == [True, False, False]
    assert [(await asked.groups(["one", "two"])).lost for _ in range(2)] == [True, False]
    now += UNLISTED_SECONDS - 1
    assert not (await asked.groups(["one", "two"])).lost
    now += 1
    assert [(await asked.groups(["one", "two"])).lost for _ in range(2)] == [True, False]

"""Errors of the second library end no sample, and one missing group makes it forget nothing."""

from collections.abc import Callable

import pytest

from collectors.kafka_collector import coordinator_client as module
from collectors.kafka_collector.coordinator_client import Answered, CoordinatorClient
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

    monkeypatch.setattr(module, "load", load)
    client = CoordinatorClient(BaseSettings(kafka_bootstrap_servers="127.0.0.1:1"))
    assert client.offsets(["g"], 1).refused == {"g": "its coordinator cannot be asked: ImportError"}


def test_a_missing_group_that_is_asked_about_does_not_make_it_forget_the_others() -> None:
    client, _ = client_of(lambda: Answered({"x": False}))
    client._at = {f"g{number}": 1 for number in range(10_000)}
    client.gone(["x"], 1)
    assert len(client._at) == 10_000
    client.offsets(["x"], 1)
    assert client._at == {}

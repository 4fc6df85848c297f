"""What a reflector stands between: the API server's client, and whoever keeps the picture."""

from typing import Protocol

from collectors.base.collector import Item
from collectors.k8s_collector.objects import AnyObject


class Lines(Protocol):
    """An open watch."""

    async def batch(self) -> list[bytes]:
        """Give the next lines; none at the end, in good order or not."""

    @property
    def passed_over(self) -> int:
        """How many lines were too long."""

    def close(self) -> None:
        """End it."""


class Server(Protocol):
    """The part of the API server's client that following needs; both calls block."""

    def get(self, path: str, query: dict[str, str]) -> bytes:
        """Give an answer's body."""

    def watch(self, path: str, query: dict[str, str]) -> Lines:
        """Open a watch."""


class Sink(Protocol):
    """Where a reflector puts what it reads."""

    def changed(self, value: AnyObject) -> list[Item]:
        """Take an object as it is now."""

    def gone(self, kind: type[AnyObject], uid: str, last: AnyObject | None) -> list[Item]:
        """Take the end of an object."""

    async def put(self, items: list[Item]) -> None:
        """Pass on what came of it; waits while nobody takes it."""

"""What a collector is: something that observes. Everything else, from the interval to Kafka, is the runner's.

An `observe()` call is one pass. A collector that polls returns after it; one that watches lists first, says
`Complete`, and goes on without returning; when it must list again, it returns and is called anew.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from schema.types import Part


@dataclass(frozen=True, slots=True)
class Observed:
    """An entity as it is now; `value` is the Struct that OBSERVATION_KINDS names for the kind."""

    kind: str
    id: str
    value: Part


@dataclass(frozen=True, slots=True)
class Gone:
    """An entity that the collector knows to have ended."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Complete:
    """This pass has named everything there is of these kinds: what it did not name is gone."""

    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Partial:
    """These parts of the source (kinds, or an interface of it) cannot be read; an empty reason ends that.

    Nothing of them may be taken for gone meanwhile. The snapshot shows the reason beside the source. A pass
    that ends without repeating it has read them.
    """

    parts: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Due:
    """The next pass is not to begin before so many seconds after this one began, however often is asked.

    It holds for the pass that says it. Heartbeats go on as often as before.
    """

    seconds: float


Told = Observed | Gone | Complete | Partial
"""What says something of the source."""
Item = Told | Due


class Collector(Protocol):
    """Observes one source; raises SourceUnavailable when the source does not answer."""

    name: str

    def observe(self) -> AsyncIterator[Item]:
        """Run one pass over the source."""


class Feed:
    """A collector for a service that pushes what it sees; it never returns from `observe`.

    `put` belongs to the event loop's thread. A feed that nothing is put into makes heartbeats only.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: asyncio.Queue[Item] = asyncio.Queue()

    def put(self, item: Item) -> None:
        """Hand one item to the runner."""
        self._items.put_nowait(item)

    async def observe(self) -> AsyncIterator[Item]:
        """Give the items as they come."""
        while True:
            yield await self._items.get()

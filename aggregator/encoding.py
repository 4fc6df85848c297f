"""Canonical JSON of the parts that are many, kept between ticks: only what changed is encoded. Pure.

The bytes are those that encoding the whole snapshot would give, for a canonical document holds the canonical
encoding of each part of it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from aggregator.observations import Key
from schema.types import Part
from schema.wire import canonical

Encode = Callable[[Key, Part], None]


KEPT = ("agent", "workload", "pod", "group", "topic")
"""Kinds of which there are many, and few change between two ticks."""


class Bodies:
    """The encoded entities of the kinds that are many; of a workload with its pods."""

    def __init__(self) -> None:
        self._bodies: dict[str, dict[Key, bytes]] = {kind: {} for kind in KEPT}
        self._whole: dict[str, msgspec.Raw] = {}

    def forget(self, kind: str, key: Key) -> None:
        """Note that an entity changed or is gone; of a pod, its workload changed too."""
        bodies = self._bodies.get(kind)
        if bodies is None:
            return
        bodies.pop(key, None)
        self._whole.pop(kind, None)
        if kind == "pod":
            self.forget("workload", key[:2])

    def has(self, kind: str, key: Key) -> bool:
        """Say whether an entity is encoded as it stands."""
        return key in self._bodies[kind]

    def keep(self, kind: str, key: Key, value: object) -> None:
        """Encode an entity that changed."""
        self._bodies[kind][key] = canonical(value)

    def array(self, kind: str, keys: Iterable[Key]) -> Any:
        """Give the encoded entities as a JSON array that stands in a Struct as it is."""
        bodies = self._bodies[kind]
        return msgspec.Raw(b"[%b]" % b",".join([bodies[key] for key in keys]))

    def whole(self, kind: str, items: Callable[[], list[tuple[Key, Part]]], encode: Encode) -> Any:
        """Give the array of all entities of a kind; while none has changed it is the one of before.

        `items` gives them in their order, `encode` keeps the body of one that has none.
        """
        if kind not in self._whole:
            parts = items()
            for key, part in parts:
                if not self.has(kind, key):
                    encode(key, part)
            self._whole[kind] = self.array(kind, (key for key, _ in parts))
        return self._whole[kind]

"""Canonical JSON of the parts that are many, kept between ticks: only what changed is encoded. Pure.

The bytes are those that encoding the whole snapshot would give, for a canonical document holds the canonical
encoding of each part of it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from aggregator.observations import Key
from schema.wire import canonical


class Bodies:
    """The encoded entities of the kinds agent, workload (with its pods) and pod."""

    def __init__(self) -> None:
        self._bodies: dict[str, dict[Key, bytes]] = {"agent": {}, "workload": {}, "pod": {}}

    def forget(self, kind: str, key: Key) -> None:
        """Note that an entity changed or is gone; of a pod, its workload changed too."""
        bodies = self._bodies.get(kind)
        if bodies is None:
            return
        bodies.pop(key, None)
        if kind == "pod":
            self._bodies["workload"].pop(key[:2], None)

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

"""A change and the document before it give the document after it (SPEC §4, natural keys). Pure.

The same rules as the dashboard's `applyChange.ts`: removals first, containers before what stands in them,
unknown kinds change nothing, and applying a change twice is applying it once. What did not change is shared
between both documents.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from schema.entities import KINDS, Kind

Document = dict[str, Any]
Entity = dict[str, Any]
Key = Sequence[str]
Edit = Callable[[list[Entity]], list[Entity]]

_LISTS_OF = {
    part: tuple(kind.path[1] for kind in KINDS.values() if len(kind.path) == 2 and kind.path[0] == part)
    for part in ("kubernetes", "kafka", "llm_usage")
}
_CONTAINERS = frozenset({"workload", "kafka", "llm_usage"})
_WORKLOAD, _POD = KINDS["workload"], KINDS["pod"]


def apply(
    document: Document, set_: Sequence[tuple[str, Key, Entity]], remove: Sequence[tuple[str, Key]]
) -> Document:
    """Give the document after a change; the one before stays as it was."""
    for name, key in remove:
        if kind := KINDS.get(name):
            document = _removed(document, kind, key)
    for name, key, entity in sorted(set_, key=lambda one: one[0] not in _CONTAINERS):
        if kind := KINDS.get(name):
            document = _set(document, kind, key, entity)
    return document


def ordered(document: Document) -> Document:
    """Give a stored document with every list in the order of its natural key, which `apply` relies on."""
    for kind in KINDS.values():
        match kind.path:
            case (name,) if kind.key and name in document:
                document = {**document, name: _sorted(document[name], kind.key)}
            case ("workload", "pods"):
                workloads = [
                    {**one, "pods": _sorted(one.get("pods", []), ("pod_id",))} for one in document["workload"]
                ]
                document = {**document, "workload": workloads}
            case (part, name) if name in document.get(part, {}):
                lists = {**document[part], name: _sorted(document[part][name], kind.key)}
                document = {**document, part: lists}
    return document


def _set(document: Document, kind: Kind, key: Key, entity: Entity) -> Document:
    if not kind.key:
        (part,) = kind.path
        before = document.get(part, {})
        return {**document, part: {**entity, **{name: before.get(name, []) for name in _LISTS_OF[part]}}}
    if kind is _WORKLOAD:
        present = _find(document["workload"], kind.key, key)
        entity = {**entity, "pods": present["pods"] if present else []}
    return _edited(
        document, kind, key, lambda entities: _put(entities, _own(kind), _own_key(kind, key), entity)
    )


def _removed(document: Document, kind: Kind, key: Key) -> Document:
    if not kind.key:
        return {name: part for name, part in document.items() if name != kind.path[0]}
    return _edited(document, kind, key, lambda entities: _cut(entities, _own(kind), _own_key(kind, key)))


def _edited(document: Document, kind: Kind, key: Key, edit: Edit) -> Document:
    """Edit the list that a kind lies in; what has no place (a pod without its workload) changes nothing."""
    if kind is _POD:
        workload = _find(document["workload"], _WORKLOAD.key, key[:2])
        if workload is None:
            return document
        changed = {**workload, "pods": edit(workload["pods"])}
        return {**document, "workload": _put(document["workload"], _WORKLOAD.key, key[:2], changed)}
    if len(kind.path) == 1:
        (name,) = kind.path
        return {**document, name: edit(document.get(name, []))}
    part, name = kind.path
    before = document.get(part)
    if before is None:
        entities = edit([]) if part == "kubernetes" else []
        if not entities:
            return document
        before = {each: [] for each in _LISTS_OF[part]}
    return {**document, part: {**before, name: edit(before.get(name, []))}}


def _own(kind: Kind) -> tuple[str, ...]:
    """Give the key fields that the entity itself carries: a pod does not repeat those of its workload."""
    return kind.key[2:] if kind is _POD else kind.key


def _own_key(kind: Kind, key: Key) -> Key:
    return key[2:] if kind is _POD else key


def _key(entity: Entity, fields: Sequence[str]) -> list[str]:
    return [entity.get(field, "default" if field == "key_label" else "") for field in fields]


def _place(entities: list[Entity], fields: Sequence[str], key: Key) -> tuple[int, bool]:
    """Give where a key stands or would stand, and whether it is there."""
    wanted = list(key)
    index = bisect_left(entities, wanted, key=lambda entity: _key(entity, fields))
    return index, index < len(entities) and _key(entities[index], fields) == wanted


def _find(entities: list[Entity], fields: Sequence[str], key: Key) -> Entity | None:
    index, present = _place(entities, fields, key)
    return entities[index] if present else None


def _put(entities: list[Entity], fields: Sequence[str], key: Key, entity: Entity) -> list[Entity]:
    index, present = _place(entities, fields, key)
    return [*entities[:index], entity, *entities[index + present :]]


def _cut(entities: list[Entity], fields: Sequence[str], key: Key) -> list[Entity]:
    index, present = _place(entities, fields, key)
    return [*entities[:index], *entities[index + 1 :]] if present else entities


def _sorted(entities: list[Entity], fields: Sequence[str]) -> list[Entity]:
    return sorted(entities, key=lambda entity: _key(entity, fields))

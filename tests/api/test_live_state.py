"""The live state machine as tables: messages in, effects out."""

from typing import Any

import msgspec
import pytest

from api.announced import Announced, announced
from api.live_state import (
    MAX_KEPT_BYTES,
    Effect,
    LiveState,
    Load,
    SendPatch,
    SendState,
    SendStatus,
    SendTick,
)
from tests.api.fakes import AT, agent, snapshot, snapshot_id


def change(sequence: int, name: str = "", generation: int = 1, padding: int = 0) -> Announced:
    name = name or f"a{sequence:02}"
    entity = agent(name, name)
    body = {
        "type": "change",
        "environment": "default",
        "generation": generation,
        "sequence": sequence,
        "at": AT,
    }
    if padding:
        entity["description"] = "x" * padding
    return announced(msgspec.json.encode({**body, "set": [["agent", [name], entity]], "remove": []}))


def tick(sequence: int, number: int = 1, generation: int = 1, catching_up: bool = False) -> Announced:
    body = {
        "type": "tick",
        "environment": "default",
        "generation": generation,
        "sequence": sequence,
        "tick": AT,
    }
    more = {"snapshot_id": str(snapshot_id(number)), "catching_up": catching_up}
    return announced(msgspec.json.encode({**body, **more}))


def reload(sequence: int, generation: int = 1) -> Announced:
    body = {"type": "reload", "environment": "default", "generation": generation, "sequence": sequence}
    return announced(msgspec.json.encode(body))


def words(effects: list[Effect]) -> list[Any]:
    """Write effects as a table reads: load 10, state, patch 11, tick 12, waiting."""
    told = []
    for effect in effects:
        match effect:
            case Load():
                told.append(f"load {effect.sequence}")
            case SendState():
                told.append("state")
            case SendPatch(one):
                told.append(f"patch {one.message.sequence}")
            case SendTick(one):
                told.append(f"tick {one.message.sequence}")
            case SendStatus():
                told.append(effect.status)
    return told


def loads(effects: list[Effect]) -> Load:
    (load,) = [effect for effect in effects if isinstance(effect, Load)]
    return load


def names(state: LiveState) -> list[str]:
    assert state.document is not None
    return [one["agent_id"] for one in state.document["agents"]]


def stored(number: int = 1, *agents: str) -> dict[str, Any]:
    return snapshot(number, agents=[agent(name, name) for name in agents])


def following(sequence: int = 10, generation: int = 1) -> LiveState:
    state = LiveState()
    load = loads(state.take(tick(sequence, generation=generation)))
    assert words(state.loaded(load, stored())) == ["state", f"tick {sequence}"]
    return state


def test_nothing_is_known_until_the_first_tick() -> None:
    state = LiveState()
    assert state.status is not None
    assert state.status.status == "waiting"
    assert state.document is None
    assert words(state.take(change(11))) == []


def test_a_late_joiner_loads_the_first_tick_and_adds_the_changes_that_came_before_and_after_it() -> None:
    state = LiveState()
    assert words(state.take(change(9))) == []
    assert words(state.take(change(10))) == []
    assert words(state.take(change(11))) == []
    load = loads(state.take(tick(10)))
    assert words(state.take(change(12))) == []
    assert words(state.loaded(load, stored(1, "a09", "a10"))) == ["state", "tick 10"]
    assert names(state) == ["a09", "a10", "a11", "a12"]
    assert state.position == (1, 12)
    assert words(state.take(change(13))) == ["patch 13"]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([change(11), change(12)], ["patch 11", "patch 12"]),
        ([change(11), change(11), change(10), change(12)], ["patch 11", "patch 12"]),
        ([tick(10, 2), change(11), tick(11, 3)], ["tick 10", "patch 11", "tick 11"]),
        ([change(11), tick(10, 2)], ["patch 11", "tick 10"]),
        ([change(12)], ["waiting"]),
        ([change(12), change(13)], ["waiting"]),
        ([change(12), tick(12, 2)], ["waiting", "load 12"]),
        ([change(12), tick(11, 2)], ["waiting", "load 11"]),
        ([change(12), tick(10, 2)], ["waiting"]),
        ([tick(12, 2)], ["waiting", "load 12"]),
        ([reload(11)], ["waiting"]),
        ([reload(11), tick(10, 2), tick(11, 3)], ["waiting", "load 11"]),
        ([reload(10), change(11)], ["patch 11"]),
        ([change(5, generation=0), tick(99, 2, generation=0), reload(99, generation=0)], []),
        ([change(1, generation=2)], ["waiting"]),
        ([tick(0, 2, generation=2)], ["waiting", "load 0"]),
        ([change(1, generation=2), change(11)], ["waiting"]),
        ([tick(0, 2, generation=2, catching_up=True)], ["waiting", "catching_up", "tick 0"]),
        ([tick(10, 2, catching_up=True)], ["catching_up", "tick 10"]),
        (
            [tick(0, 2, 2, catching_up=True), tick(0, 3, 2, catching_up=True), tick(0, 4, 2)],
            ["waiting", "catching_up", "tick 0", "tick 0", "load 0"],
        ),
    ],
)
def test_what_a_following_state_at_10_does(messages: list[Announced], expected: list[str]) -> None:
    state = following(10)
    assert words([effect for message in messages for effect in state.take(message)]) == expected


def test_a_hole_is_filled_by_the_next_snapshot_and_the_changes_after_it() -> None:
    state = following(10)
    state.take(change(13))
    state.take(change(14))
    assert words(state.take(tick(11, 2))) == [], "that snapshot does not include change 12"
    load = loads(state.take(tick(13, 3)))
    assert words(state.loaded(load, stored(3, "a11", "a12", "a13"))) == ["state", "tick 13"]
    assert names(state) == ["a11", "a12", "a13", "a14"]
    assert state.status is None


def test_a_hole_while_loading_makes_the_load_useless() -> None:
    state = LiveState()
    load = loads(state.take(tick(10)))
    state.take(change(12))
    assert words(state.loaded(load, stored())) == ["waiting"]
    assert words(state.take(tick(11, 2))) == ["load 11"]


def test_a_tick_that_comes_while_loading_is_told_after_the_state() -> None:
    state = LiveState()
    load = loads(state.take(tick(10, 1)))
    state.take(change(11))
    assert words(state.take(tick(11, 2))) == []
    assert words(state.loaded(load, stored(1))) == ["state", "tick 11"]
    assert state.document is not None
    assert state.document["id"] == str(snapshot_id(2))


def test_a_restarted_aggregator_brings_a_new_state_under_its_generation() -> None:
    state = following(10)
    state.take(change(11, "old"))
    assert words(state.take(change(1, "new", generation=2))) == ["waiting"]
    assert state.document is not None, "new clients still get what was known"
    assert state.position == (1, 11)
    load = loads(state.take(tick(0, 2, generation=2)))
    assert words(state.take(change(12, "late", generation=1))) == []
    assert words(state.loaded(load, stored(2, "kept"))) == ["state", "tick 0"]
    assert names(state) == ["kept", "new"]
    assert state.position == (2, 1)


def test_a_snapshot_of_the_replaced_generation_that_arrives_late_changes_nothing() -> None:
    state = LiveState()
    load = loads(state.take(tick(10)))
    state.take(change(1, generation=2))
    assert state.loaded(load, stored()) == []
    assert state.not_loaded(load) == []
    assert state.document is None


def test_a_snapshot_that_cannot_be_loaded_gives_way_to_the_next_tick() -> None:
    state = LiveState()
    load = loads(state.take(tick(10, 1)))
    assert words(state.not_loaded(load)) == ["waiting"]
    assert words(state.take(change(11))) == []
    again = loads(state.take(tick(10, 2)))
    state.take(tick(11, 3))
    assert words(state.not_loaded(again)) == ["load 11"], "a newer one is known already"


def test_changes_kept_while_waiting_are_bounded_and_what_was_dropped_counts_as_missing() -> None:
    state = LiveState()
    size = 60_000
    count = MAX_KEPT_BYTES // size + 5
    for sequence in range(1, count + 1):
        state.take(change(sequence, padding=size))
    assert words(state.take(tick(1))) == []
    assert words(state.take(tick(count - 1, 2))) == [f"load {count - 1}"]


def test_a_tick_names_the_document() -> None:
    state = following(10)
    state.take(change(11))
    state.take(tick(11, 7))
    assert state.document is not None
    assert (state.document["id"], state.document["timestamp"]) == (str(snapshot_id(7)), AT)

"""The memory that all calls together may hold of bodies."""

from collectors.llm_collector.held import Held


def test_room_is_taken_until_there_is_none_and_can_be_given_back() -> None:
    held = Held(10)
    assert held.take(6)
    assert not held.take(5)
    assert held.take(4)
    held.give_back(6)
    assert held.take(5)
    assert not held.take(2)

"""A system prompt that an agent has never used before is told as an event, once."""

from typing import Any

import msgspec
import pytest

from aggregator.prompt_watch import HOUR_MS, LET_GO, MAX_CHANGES, MAX_OWNERS, MAX_PROMPTS, Prompts
from schema.messages import Call, Event
from tests.aggregator.records import AT, Log, agent, call, event, live_fold, mark, play, pod, workload


def asked(prompt: str, number: int = 1, **more: Any) -> Call:
    told = {"prompt_hash": prompt * 64, "system_prompt_tokens": ord(prompt[0]), **more}
    return call(number, **told).call


@pytest.mark.parametrize(
    ("used", "changes"),
    [
        ("a", ""),
        ("aaa", ""),
        ("ab", "b"),
        ("abab", "b"),
        ("abcab", "bc"),
        ("aba", "b"),
    ],
)
def test_only_a_prompt_that_was_never_used_is_a_change_and_the_first_is_none(used: str, changes: str) -> None:
    prompts = Prompts()
    found = [prompts.take(asked(one, number), "w", "Writer", 0) for number, one in enumerate(used)]
    assert "".join(str(one.prompt_hash)[0] for one in found if one) == changes


def test_a_change_tells_both_prompts_their_sizes_and_whose_they_are() -> None:
    prompts = Prompts()
    prompts.take(asked("a", 1), "writer-agent", "Writer", 0)
    prompts.take(asked("b", 2), "writer-agent", "Writer", 0)
    prompts.take(asked("a", 3), "writer-agent", "Writer", 0)
    found = prompts.take(asked("c", 4, task_id="t1", trace_id="f" * 32), "writer-agent", "Writer", 0)
    assert isinstance(found, Event)
    assert msgspec.to_builtins(found) == {
        "event_id": found.event_id, "event_type": "prompt_changed", "timestamp": "2026-01-01T00:00:00Z",
        "agent_id": "writer-agent-1", "agent_name": "Writer", "severity": "info",
        "message": "The system prompt for gpt-4o changed: 97 → 99 tokens (estimated)",
        "task_id": "t1", "trace_id": "f" * 32, "prompt_name": "gpt-4o", "prompt_hash": "c" * 64,
        "prompt_tokens": 99, "previous_prompt_hash": "a" * 64, "previous_prompt_tokens": 97,
    }  # fmt: skip
    assert found.event_id != ""


def test_the_same_call_gives_the_same_event_id_and_another_call_another() -> None:
    ids = []
    for number in (7, 7, 8):
        prompts = Prompts()
        prompts.take(asked("a"), "w", "Writer", 0)
        found = prompts.take(asked("b", number), "w", "Writer", 0)
        assert found is not None
        ids.append(found.event_id)
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("owner", "more"),
    [("other", {}), ("w", {"model": "o3"}), ("", {}), ("w", {"prompt_hash": msgspec.UNSET})],
    ids=["another agent", "another model", "nobody", "no prompt"],
)
def test_prompts_are_kept_apart_by_agent_and_model(owner: str, more: dict[str, Any]) -> None:
    prompts = Prompts()
    prompts.take(asked("a"), "w", "Writer", 0)
    assert prompts.take(asked("b", 2, **more), owner, "Writer", 0) is None


def test_an_agent_whose_prompt_changes_with_every_call_is_told_of_up_to_a_bound_an_hour() -> None:
    prompts = Prompts()
    letters = [chr(ord("a") + number) for number in range(MAX_CHANGES + 3)]
    told = [prompts.take(asked(one), "w", "Writer", number) for number, one in enumerate(letters)]
    assert sum(one is not None for one in told) == MAX_CHANGES
    assert prompts.take(asked("Z"), "w", "Writer", HOUR_MS + 1) is not None


def test_memory_is_bounded_in_prompts_and_in_agents() -> None:
    prompts = Prompts()
    for number in range(MAX_PROMPTS + 5):
        prompts.take(asked(chr(ord("A") + number)), "w", "Writer", 0)
    assert len(prompts.known["w", "gpt-4o"].hashes) == MAX_PROMPTS
    for number in range(MAX_OWNERS):
        prompts.take(asked("a"), f"w{number}", "Writer", 0)
    assert len(prompts.known) == MAX_OWNERS + 1 - LET_GO
    assert ("w", "gpt-4o") not in prompts.known


def test_a_change_is_an_event_of_its_tick_and_live_and_makes_no_agent() -> None:
    log = Log()
    log.add(100, workload("writer-agent"))
    log.add(110, agent("writer-agent", "Writer", labeled=True))
    log.add(120, pod("writer-agent", "writer-agent-x1", ip="10.0.0.7"))
    log.add(130, pod("writer-agent", "writer-agent-x2", ip="10.0.0.8"))
    for number, (prompt, address) in enumerate((("a", "10.0.0.7"), ("b", "10.0.0.8"))):
        one = msgspec.structs.replace(asked(prompt, number, client_address=address), agent_id=msgspec.UNSET)
        log.add(200 + number, msgspec.structs.replace(call(1), call=one))
    log.add(2_500, mark())
    outcome = play(live_fold(), log.messages)
    (row,) = outcome.frozen[0].events
    stored = msgspec.json.decode(row.body)
    assert (stored["event_type"], stored["agent_id"]) == ("prompt_changed", "writer-agent-x2")
    assert row.key == stored["event_id"]
    live = [one for change in outcome.changes for one in change.activity if isinstance(one, Event)]
    assert [one.event_id for one in live] == [row.key]
    (shown,) = outcome.documents()[0]["agents"]
    assert shown["discovered_by"] == ["labeled"]


def test_an_agents_own_word_of_a_change_is_an_event_as_any_other() -> None:
    log = Log()
    log.add(100, event("prompt_changed", prompt_name="planner", prompt_hash="x", prompt_tokens=5))
    log.add(2_500, mark())
    (row,) = play(live_fold(), log.messages).frozen[0].events
    assert msgspec.json.decode(row.body, type=Event).timestamp == AT

"""Which agents each discovery mode shows, and how it came to know them (SPEC §7)."""

from typing import Any

import pytest

from schema.messages import LogRecord
from tests.aggregator.records import Log, agent, discovery, event, gone, live_fold, mark, play, pod, workload

WRITER = "writer-agent"
MODES = ("auto", "labeled", "all", "telemetry")
HEARD = event("task_started", instance="writer-agent-1", name="Scribe", task_id="t1")
REGISTERED = event("agent_registered", instance="writer-agent-1", name="Scribe")
HEARTBEAT = event("heartbeat", instance="writer-agent-1", name="Scribe")
LABELED = agent(WRITER, "Writer", labeled=True)
EXCLUDED = agent(WRITER, "Writer", labeled=True, excluded=True)
SERVER = agent(WRITER, "Ollama", role="llm_server")

L, D, T, R = "labeled", "deployment", "telemetry", "registered"
NONE: list[str] = []
"""Case, what is told beside the workload and its pod, and the words in the order of MODES."""
CASES: list[tuple[str, list[LogRecord], tuple[list[str], list[str], list[str], list[str]]]] = [
    ("labelled", [LABELED], ([L], [L], [L], NONE)),
    ("unlabelled", [agent(WRITER)], (NONE, NONE, [D], NONE)),
    ("excluded", [EXCLUDED], (NONE, NONE, NONE, NONE)),
    ("telemetry only", [HEARD], ([T], NONE, [T], [T])),
    ("heartbeats only", [HEARTBEAT], ([T], NONE, [T], [T])),
    ("registered only", [REGISTERED, HEARTBEAT], ([R], [R], [R], [R])),
    ("labelled, telemetry", [LABELED, HEARD], ([L, T], [L, T], [L, T], [T])),
    ("unlabelled, telemetry", [agent(WRITER), HEARD], ([T], NONE, [D, T], [T])),
    ("unlabelled, registered", [agent(WRITER), REGISTERED], ([R], [R], [D, R], [R])),
    ("labelled, telemetry, registered", [LABELED, REGISTERED, HEARD],
     ([L, T, R], [L, T, R], [L, T, R], [T, R])),
    ("telemetry, registered", [REGISTERED, HEARD], ([T, R], [T, R], [T, R], [T, R])),
    ("excluded, telemetry", [EXCLUDED, HEARD], (NONE, NONE, NONE, NONE)),
    ("excluded, registered", [EXCLUDED, REGISTERED], ([R], [R], [R], [R])),
    ("excluded, telemetry, registered", [EXCLUDED, REGISTERED, HEARD], ([R], [R], [R], [R])),
    ("image of a model server", [SERVER], (NONE, NONE, [D], NONE)),
    ("labelled model server", [agent(WRITER, labeled=True, role="llm_server")], ([L], [L], [L], NONE)),
]  # fmt: skip


def log_of(*records: LogRecord, mode: str = "auto") -> Log:
    log = Log()
    for record in (discovery(mode), workload(WRITER), pod(WRITER, "writer-agent-1"), *records):
        log.add(100, record)
    log.add(2_500, mark())
    return log


def agents_of(*records: LogRecord, mode: str = "auto") -> list[dict[str, Any]]:
    (document,) = play(live_fold(), log_of(*records, mode=mode).messages).documents()
    agents: list[dict[str, Any]] = document["agents"]
    return agents


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "records", "words"), CASES, ids=[case[0] for case in CASES])
def test_a_mode_shows_what_it_finds_and_says_how(
    name: str, records: list[LogRecord], words: tuple[list[str], ...], mode: str
) -> None:
    agents = agents_of(*records, mode=mode)
    expected = words[MODES.index(mode)]
    assert [one["discovered_by"] for one in agents] == ([expected] if expected else []), name
    for one in agents:
        assert one["role"] == ("llm_server" if "model server" in name else "agent")
        assert one.get("deployment_name") == (None if "excluded" in name else WRITER)


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ("the label comes", (agent(WRITER), LABELED), (0, 1)),
        ("the label goes", (LABELED, agent(WRITER)), (1, 0)),
        ("the exclusion comes", (LABELED, EXCLUDED), (1, 0)),
        ("the exclusion goes", (EXCLUDED, LABELED), (0, 1)),
        ("the deployment goes", (LABELED, gone("agent", f"local/{WRITER}")), (1, 0)),
    ],
)
def test_a_change_of_labels_shows_in_the_same_flush_and_on_the_pods_too(
    change: str, before: tuple[LogRecord, LogRecord], after: tuple[int, int]
) -> None:
    log = log_of(before[0])
    log.add(2_600, before[1])
    outcome = play(live_fold(), log.messages)
    log.add(4_500, mark())
    first, second = play(live_fold(), log.messages).documents()
    for document, count in zip((first, second), after, strict=True):
        assert len(document["agents"]) == count, change
        shown = document["workload"][0]["pods"][0].get("agent_id")
        assert shown == (WRITER if count else None)
    live = outcome.changes[-1].entities
    assert (live["agent", (WRITER,)] is not None) == bool(after[1])
    assert ("pod", ("local", WRITER, "uid-writer-agent-1")) in live


def test_a_change_of_the_mode_counts_from_its_record_on_and_a_second_fold_gives_the_same_bytes() -> None:
    log = log_of(agent(WRITER, "Writer"))
    log.add(2_600, discovery("all"))
    log.add(4_600, discovery("labeled"))
    log.add(6_500, mark())
    once, again = (play(live_fold(), log.messages) for _ in range(2))
    assert [[one["agent_id"] for one in document["agents"]] for document in once.documents()] == [
        [],
        [WRITER],
        [],
    ]
    assert [one.document.sha256 for one in once.frozen] == [one.document.sha256 for one in again.frozen]


def test_settings_of_before_there_were_modes_mean_auto() -> None:
    log = log_of(LABELED, mode="telemetry")
    old = b'{"type":"observed","source":"oracle@aggregator","epoch":"-","kind":"settings","id":"settings",'
    log.add(2_600, old + b'"observed_at":"2026-01-01T00:00:00Z","value":{"snapshot_interval_seconds":2}}')
    log.add(4_500, mark())
    counts = [len(one["agents"]) for one in play(live_fold(), log.messages).documents()]
    assert counts == [0, 1]


def test_telemetry_of_an_excluded_deployment_is_not_shown_beside_that_of_another_one() -> None:
    other: list[LogRecord] = [workload("other"), event("heartbeat", instance="other-7f8d9", name="Scribe")]
    (shown,) = agents_of(EXCLUDED, HEARD, *other)
    assert (shown["agent_id"], [one["instance_id"] for one in shown["instances"]]) == (
        "other",
        ["other-7f8d9"],
    )


def test_telemetry_from_elsewhere_that_shares_the_name_of_an_excluded_agent_is_not_shown_either() -> None:
    assert agents_of(EXCLUDED, HEARD, event("heartbeat", instance="laptop", name="Scribe")) == []

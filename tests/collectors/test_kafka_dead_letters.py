"""Which names are dead-letter topics, and which topic's."""

import pytest

from collectors.kafka_collector.dead_letters import DEFAULT_PATTERNS, DeadLetters


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("tasks.dlq", True),
        ("tasks-dlq", True),
        ("tasks_dlq", True),
        ("tasks.DLT", True),
        ("tasks-dlt", True),
        ("Tasks.Dead-Letter.v1", True),
        ("dead-letter-tasks", True),
        ("tasks_dead_letters", True),
        ("tasksDeadLetterQueue", True),
        ("dlq-tasks", True),
        ("tasks", False),
        ("dlq", False),
        ("tasks-dlq-retry", False),
        ("orders-retry-0", False),
        ("deadline-letters", False),
        ("", False),
    ],
)
def test_a_dead_letter_topic_is_known_by_its_name(topic: str, expected: bool) -> None:
    assert DeadLetters().is_dead_letter(topic) is expected


def test_the_patterns_of_the_specification_are_among_the_defaults() -> None:
    assert {pattern.lower() for pattern in ("*.dlq", "*-dlq", "*.DLT", "*dead-letter*")} <= {
        *DEFAULT_PATTERNS
    }


@pytest.mark.parametrize(
    ("topic", "others", "expected"),
    [
        ("tasks.dlq", ["tasks"], "tasks"),
        ("tasks-dlt", ["tasks", "task"], "tasks"),
        ("dead-letter-tasks", ["tasks"], "tasks"),
        ("dlq-tasks", ["tasks"], "tasks"),
        ("tasks-dead-letter-queue", ["tasks"], "tasks"),
        ("tasksDeadLetter", ["tasks"], "tasks"),
        ("tasks.dead-letter.v1", ["tasks", "tasks.v1"], "tasks.v1"),
        ("tasks.dead-letter.v1", ["tasks", "v1"], "tasks"),
        ("orders.payment-service.dlq", ["orders", "order"], "orders"),
        ("orders.payment-service.dlq", ["orders", "orders.payment"], "orders.payment"),
        ("dlq-orders.payment-service", ["orders"], "orders"),
        ("orders-dlt", ["orders", "orders-retry-0"], "orders"),
        ("orders-retry-0-dlt", ["orders", "orders-retry-0"], "orders-retry-0"),
        ("orders.dlq", ["order", "orders2"], None),
        ("orders.dlq", [], None),
        ("orders.dlq.dlq", ["orders.dlq", "orders"], "orders"),
        ("orders.dead-letter.dlq", ["orders.dead-letter", "orders.dlq", "orders"], "orders"),
        ("orders.dlq", ["orders.DLQ"], None),
        ("TASKS.DLQ", ["tasks"], "tasks"),
        ("TASKS.DLQ", ["tasks", "TASKS"], "TASKS"),
        ("Tasks.dlq", ["TASKS", "tasks"], "tasks"),
        ("tasks", ["tasks"], None),
        (".dlq", ["."], None),
        ("...---.dlq", ["a"], None),
    ],
)
def test_dead_letters_belong_to_the_topic_whose_name_theirs_is_made_of(
    topic: str, others: list[str], expected: str | None
) -> None:
    assert DeadLetters().owner(topic, [topic, *others]) == expected


@pytest.mark.parametrize(
    ("patterns", "topic", "expected"),
    [
        (["*.failed"], "tasks.failed", "tasks"),
        (["*.failed"], "tasks.dlq", None),
        (["FAILED-*"], "failed-tasks", "tasks"),
        (["*.err?r*"], "tasks.error", "tasks"),
        (["*[.-]bad"], "tasks-bad", "tasks"),
        (["*[]x]*"], "tasks.x", "tasks"),
        (["*[z-a"], "tasks.dlq", None),
        (["*"], "tasks.dlq", None),
        (["**"], "tasks.dlq", None),
        ([""], "tasks.dlq", None),
        ([], "tasks.dlq", None),
        (["(", ")|.*"], "tasks.dlq", None),
    ],
)
def test_patterns_are_those_of_a_shell_and_no_pattern_makes_a_topic_its_own(
    patterns: list[str], topic: str, expected: str | None
) -> None:
    topics = ["tasks", topic]
    letters = DeadLetters(patterns)
    assert letters.owner(topic, topics) == expected
    assert all(letters.owner(name, topics) != name for name in topics)


@pytest.mark.parametrize("patterns", [[], [""]])
def test_without_patterns_nothing_is_a_dead_letter(patterns: list[str]) -> None:
    assert not DeadLetters(patterns).is_dead_letter("tasks.dlq")
    assert not DeadLetters(patterns).is_dead_letter("")


def test_an_owner_that_appears_or_goes_is_seen_with_the_next_topics() -> None:
    letters = DeadLetters()
    assert letters.owner("tasks.dlq", {"tasks.dlq"}) is None
    assert letters.owner("tasks.dlq", {"tasks.dlq", "tasks"}) == "tasks"
    assert letters.owner("tasks.dlq", {"tasks.dlq"}) is None


def test_a_name_is_looked_up_once_while_the_topics_stay_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = DeadLetters()
    asked = list[str]()
    find = letters._find

    def counted(topic: str) -> str | None:
        asked.append(topic)
        return find(topic)

    monkeypatch.setattr(letters, "_find", counted)
    for _ in range(3):
        topics = {"tasks.dlq", "tasks"}
        assert letters.owner("tasks.dlq", topics) == "tasks"
        assert letters.owner("tasks", topics) is None
    assert asked == ["tasks.dlq"]

"""Which topics hold dead letters, and whose (SPEC §2). By names alone; used where topics are described."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import translate

DEFAULT_PATTERNS = (
    "*.dlq",
    "*-dlq",
    "*_dlq",
    "*.dlt",
    "*-dlt",
    "*_dlt",
    "dlq-*",
    "dlq.*",
    "dlq_*",
    "*dead-letter*",
    "*dead_letter*",
    "*deadletter*",
)
"""Those of SPEC §2, Spring Kafka's (`-dlt`, formerly `.DLT`), Kafka Connect's habit (`dlq-`), and others."""

_SEPARATORS = ".-_"
_WILDCARDS = re.compile(r"\[[^\]]*\]|[*?]")
_MOST_CACHED = 50_000


class DeadLetters:
    """Tells dead-letter topics by patterns as of a shell, without regard to case."""

    def __init__(self, patterns: Sequence[str] = DEFAULT_PATTERNS) -> None:
        lowered = [pattern.lower() for pattern in patterns if pattern]
        # A pattern's literal text is the part of the name that says "dead letters".
        self._patterns = [
            (re.compile(translate(pattern)), max(_WILDCARDS.split(pattern), key=len)) for pattern in lowered
        ]
        # One expression for all: it is asked of every topic. Without patterns it must match nothing.
        self._any = re.compile("|".join(map(translate, lowered)) or "(?!)")
        self._known: dict[str, bool] = {}
        self._owners: dict[str, str | None] = {}
        self._seen: Collection[str] | None = None
        self._topics: frozenset[str] = frozenset()
        self._by_lower: dict[str, str] = {}

    def is_dead_letter(self, topic: str) -> bool:
        """Tell whether some pattern matches the whole name."""
        known = self._known.get(topic)
        if known is None:
            if len(self._known) >= _MOST_CACHED:  # Topics come and go.
                self._known.clear()
            known = self._known[topic] = self._any.match(topic.lower()) is not None
        return known

    def owner(self, topic: str, topics: Collection[str]) -> str | None:
        """Give the topic whose dead letters these are, None when none of `topics` fits.

        That is the name without what says "dead letters" and its separator, else the longest topic that the
        name begins with, up to a separator. Never itself, never another dead-letter topic. Case counts,
        unless nothing fits exactly. Answers are kept while the topics stay the same: give the same object
        for all questions about one sample, and do not change it in place.
        """
        if topics is not self._seen:
            self._learn(topics)
        if topic not in self._owners:
            self._owners[topic] = self._find(topic) if self.is_dead_letter(topic) else None
        return self._owners[topic]

    def _learn(self, topics: Collection[str]) -> None:
        self._seen = topics
        names = frozenset(topics)
        if names == self._topics:
            return
        self._topics = names
        self._owners.clear()
        # Of names that differ in case alone the last in order stays, so that the answer is always the same.
        self._by_lower = {name.lower(): name for name in sorted(names) if not self.is_dead_letter(name)}

    def _find(self, topic: str) -> str | None:
        candidates = list(self._candidates(topic))
        exact: Mapping[str, str] = {name: name for name in candidates if name in self._topics}
        for found in (*map(exact.get, candidates), *(self._by_lower.get(one.lower()) for one in candidates)):
            if found is not None and found != topic and not self.is_dead_letter(found):
                return found
        return None

    def _candidates(self, topic: str) -> Iterator[str]:
        """Give the names that the owner may have, the likeliest first."""
        rests = [rest for literal in self._literals(topic) for rest in _without(topic, literal)]
        yield from rests
        for name in (topic, *rests):
            yield from (name[:i] for i in range(len(name) - 1, 0, -1) if name[i] in _SEPARATORS)

    def _literals(self, topic: str) -> Iterator[str]:
        lowered = topic.lower()
        return (literal for pattern, literal in self._patterns if literal and pattern.match(lowered))


def _without(topic: str, literal: str) -> Iterator[str]:
    """Give the name without the literal: both sides joined, what stands before it, what stands after it."""
    start = topic.lower().rfind(literal)
    if start < 0:  # A class of characters may hold what looks like text.
        return
    before = topic[:start].rstrip(_SEPARATORS)
    after = topic[start + len(literal) :].lstrip(_SEPARATORS)
    if before and after:
        yield f"{before}{topic[len(before) : start][:1]}{after}"
    yield from (side for side in (before, after) if side)

"""Which models, of which provider and under which key, each agent was seen to use. Pure.

Names come from requests, so both are bounded: what comes first is kept. With each day the names that nobody
knows any more are let go.
"""

from collections.abc import Callable, Iterator, Set

import msgspec

from aggregator.sliding_minute import ModelKey
from schema.messages import Call

MAX_NAMES = 1000
MAX_MODELS = 50


class ModelsUsed(msgspec.Struct):
    """The models by agent's name, and the day up to which names were let go."""

    day: str = ""
    by_name: dict[str, set[ModelKey]] = {}

    def take(self, name: str, call: Call) -> bool:
        """Remember what a call used; true when that is news."""
        used = self.by_name.get(name, set[ModelKey]())
        key = (call.provider, call.model, call.key_label)
        if key in used or len(used) >= MAX_MODELS or (not used and len(self.by_name) >= MAX_NAMES):
            return False
        self.by_name.setdefault(name, used).add(key)
        return True

    def roll(self, day: str, known: Callable[[], Set[str]]) -> None:
        """Let go of the names that are not known, once a day."""
        if day == self.day:
            return
        before, self.day = self.day, day
        if before:
            kept = known()
            self.by_name = {name: used for name, used in self.by_name.items() if name in kept}

    def of(self, name: str) -> set[str]:
        """Give the models of a name, whoever provides them."""
        return {model for _, model, _ in self.by_name.get(name, ())}

    def names(self, key: ModelKey) -> Iterator[str]:
        """Give the names that use a model of a provider under a key."""
        return (name for name, used in self.by_name.items() if key in used)

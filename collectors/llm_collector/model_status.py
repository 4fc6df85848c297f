"""What is shown of each model: the newer word of its calls, and of the endpoint that has it (pure).

A call knows most: limits, refusals, failures. An endpoint that is asked for its models knows whether it
answers at all, and what is in memory. So a newer word of the endpoint ends or begins an outage, and never
takes back a rate limit or an empty account. A model that nobody has called stands under the key label
`default`; once it is called, it stands under the labels of its callers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import UNSET, structs

from collectors.llm_collector.limits import Answer, ModelLimits, id_of
from schema.observed import ModelObserved

Pair = tuple[str, str]
"""Provider and model."""
MAX_FOUND = 2000
"""Models of all endpoints together; each tells at most 500."""


class Shown(NamedTuple):
    """A model's id and what is shown of it now; None when it is gone."""

    id: str
    model: ModelObserved | None


@dataclass(frozen=True)
class _Word:
    model: ModelObserved
    at: float


class ModelStatus:
    """The present word on every model; `at` is any clock that only goes forward, in seconds."""

    def __init__(self) -> None:
        self._limits = ModelLimits()
        self._told: dict[str, _Word] = {}
        self._labels: dict[Pair, dict[str, None]] = {}
        self._found: dict[Pair, _Word] = {}

    def answered(self, answer: Answer, at: float) -> list[Shown]:
        """Take the word of one answer."""
        told = self._limits.answered(answer)
        pairs = {(answer.provider, answer.model): None}
        if told.gone is not None and (gone := self._told.pop(told.gone, None)):
            pair = _pair(gone.model)
            self._labels[pair].pop(told.gone, None)
            if not self._labels[pair]:
                del self._labels[pair]
            pairs[pair] = None
        self._told[told.id] = _Word(told.model, at)
        self._labels.setdefault((answer.provider, answer.model), {})[told.id] = None
        gone_ids = [told.gone] if told.gone is not None else []
        return self._shown(pairs, [told.id, *gone_ids])

    def found(self, provider: str, models: Iterable[ModelObserved], at: float) -> list[Shown]:
        """Take what an endpoint says of its models: all of them, in place of what it said before."""
        before = [pair for pair in self._found if pair[0] == provider]
        for pair in before:
            del self._found[pair]
        for model in models:
            if len(self._found) < MAX_FOUND:
                self._found[_pair(model)] = _Word(model, at)
        now = [pair for pair in self._found if pair[0] == provider]
        return self._shown(dict.fromkeys((*before, *now)), [])

    def _shown(self, pairs: Iterable[Pair], ids: list[str]) -> list[Shown]:
        shown: dict[str, ModelObserved | None] = dict.fromkeys(ids)
        for pair in pairs:
            found = self._found.get(pair)
            labels = self._labels.get(pair, {})
            uncalled = id_of(*pair, "default")
            shown[uncalled] = found.model if found and not labels else None
            shown.update({label: _merged(self._told[label], found) for label in labels})
        return [Shown(key, model) for key, model in shown.items()]


def _merged(told: _Word, found: _Word | None) -> ModelObserved:
    model = told.model
    if found is None:
        return model
    if found.model.loaded is not UNSET:
        model = structs.replace(model, loaded=found.model.loaded)
    if found.at < told.at:
        return model
    if found.model.status == "unavailable":
        # Its endpoint goes on being asked: this is no answer that grows old.
        return structs.replace(model, status="unavailable", reason=found.model.reason, answered_at=UNSET)
    if found.model.status == "available" and model.status == "unavailable" and not model.quota_exhausted:
        return structs.replace(model, status="available", reason=UNSET, resets_at=UNSET)
    return model


def _pair(model: ModelObserved) -> Pair:
    return model.provider, model.model

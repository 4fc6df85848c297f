"""What the proxy shows of itself: calls in flight, and the models that were called or found.

The runner observes it as a collector that watches: first everything, then each change. It keeps the present
state only, so a broker that is away for long costs no memory, and it belongs to the event loop's thread.

A call is shown once it has run for a fifth of a second: of what is over before, its record tells soon enough.
What is left of a limit differs with every answer: it is told at most once a second and model. So a thousand
short calls a second do not make three thousand records. What changes a model's state is told at once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable

from collectors.base.collector import Complete, Gone, Item, Observed, Partial
from collectors.llm_collector.calls import Arrival
from collectors.llm_collector.limits import Answer
from collectors.llm_collector.model_status import ModelStatus, Shown
from schema.observed import ModelObserved
from schema.types import Part

KINDS = ("in_flight", "model")
REMAINDERS_SECONDS = 1.0
SHOWN_AFTER_SECONDS = 0.2


class Board:
    """The collector of the proxy's entities; the proxy writes, the runner reads."""

    name = "llm"

    def __init__(self) -> None:
        self._models = ModelStatus()
        self._now: dict[tuple[str, str], Part] = {}
        # Calls that are not shown yet, and since when they run: the oldest first.
        self._young: dict[str, tuple[float, Arrival]] = {}
        self._growing: asyncio.TimerHandle | None = None
        # Ordered, without duplicates.
        self._changed: dict[tuple[str, str], None] = {}
        self._later: dict[tuple[str, str], None] = {}
        # Why an endpoint's models cannot be read, by the part's name; empty: they can again.
        self._unread: dict[str, str] = {}
        self._watched = False
        self._news = asyncio.Event()

    def arrived(self, arrival: Arrival) -> None:
        """Take in a call that runs, or what is known of it later."""
        if ("in_flight", arrival.call_id) in self._now:
            self._show_call(arrival)
            return
        since, _ = self._young.get(arrival.call_id, (time.monotonic(), arrival))
        self._young[arrival.call_id] = since, arrival
        if self._watched and self._growing is None:
            self._growing = asyncio.get_running_loop().call_later(SHOWN_AFTER_SECONDS, self._grow)

    def ended(self, arrival: Arrival, answer: Answer | None) -> None:
        """Take a call off, and take over what its answer told of the model (None: it was cancelled)."""
        if self._young.pop(arrival.call_id, None) is None:
            key = ("in_flight", arrival.call_id)
            self._now.pop(key, None)
            self._change(key)
        if answer is not None:
            self.told(answer)

    def told(self, answer: Answer) -> None:
        """Take over what an answer tells of its model: once its headers came, and again at its end."""
        self._show(self._models.answered(answer, time.monotonic()))

    def found(self, provider: str, models: Iterable[ModelObserved], reason: str = "") -> None:
        """Show an endpoint's models, called or not; `reason` is why it cannot be asked for them, or empty."""
        self._show(self._models.found(provider, models, time.monotonic()))
        part = f"models of {provider}"
        if self._unread.get(part, "") != reason:
            self._unread[part] = reason
            self._news.set()

    def present(self) -> dict[tuple[str, str], Part]:
        """Give everything that is shown now, by kind and id."""
        return dict(self._now)

    async def observe(self) -> AsyncIterator[Item]:
        """Give everything there is, then each change; never returns."""
        for _, arrival in self._young.values():
            self._show_call(arrival)
        self._young.clear()
        self._watched = True
        self._changed.clear()
        for (kind, key), value in self.present().items():
            yield Observed(kind, key, value)
        yield Complete(KINDS)
        told: dict[str, str] = {}
        while True:
            for part, reason in self._unread.items():
                if told.get(part, "") != reason:
                    yield Partial((part,), reason)
            told = dict(self._unread)
            await self._news.wait()
            self._news.clear()
            changed, self._changed = self._changed, {}
            for kind, key in changed:
                present = self._now.get((kind, key))
                yield Gone(kind, key) if present is None else Observed(kind, key, present)

    def _show_call(self, arrival: Arrival) -> None:
        self._set(("in_flight", arrival.call_id), arrival.in_flight())

    def _grow(self) -> None:
        """Show the calls that are old enough, and look again when the next one will be."""
        self._growing = None
        now = time.monotonic()
        for call_id, (since, arrival) in list(self._young.items()):
            if (left := since + SHOWN_AFTER_SECONDS - now) > 0:
                self._growing = asyncio.get_running_loop().call_later(left, self._grow)
                return
            del self._young[call_id]
            self._show_call(arrival)

    def _show(self, models: Iterable[Shown]) -> None:
        for model_id, model in models:
            key = ("model", model_id)
            known = self._now.get(key)
            if known == model:
                continue
            if model is None:
                del self._now[key]
                self._change(key)
            elif isinstance(known, ModelObserved) and _state_of(known) == _state_of(model):
                self._now[key] = model
                self._change_later(key)
            else:
                self._set(key, model)

    def _set(self, key: tuple[str, str], value: Part) -> None:
        self._now[key] = value
        self._change(key)

    def _change(self, key: tuple[str, str]) -> None:
        # Without a reader nothing is kept for it: it will begin with everything.
        if self._watched:
            self._changed[key] = None
            self._news.set()

    def _change_later(self, key: tuple[str, str]) -> None:
        if not self._watched or key in self._later:
            return
        if not self._later:
            asyncio.get_running_loop().call_later(REMAINDERS_SECONDS, self._tell_later)
        self._later[key] = None

    def _tell_later(self) -> None:
        later, self._later = self._later, {}
        for key in later:
            self._change(key)


def _state_of(model: ModelObserved) -> tuple[object, ...]:
    """Give what is told at once: all but what is left, and when that was and ends."""
    return model.status, model.reason, model.quota_exhausted, model.rpm_max, model.tpm_max, model.loaded

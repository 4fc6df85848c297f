"""Which request of a client each call of a model made last, also where its span came in an earlier batch.

A proxy is told the span of the HTTP request as its parent, so that span says which of the proxy's calls a
model's span tells of. The request's span ends with the first bytes of a stream, the model's with the last:
an exporter that sends every five seconds sends them apart. A request whose call has not come waits under
the span that it lies in. Each replica remembers what it has read, so after a restart or a rebalance the
calls of some seconds may lack it; which calls are derived is the same.
"""

from collections.abc import Mapping
from itertools import islice

from collectors.telemetry_collector.ids import span_id_of, trace_id_of
from collectors.telemetry_collector.nesting import MAX_DEPTH, Key, Place

MAX_WAITING = 50_000
"""About 12 MB. Requests that ask no model wait too, and make room for the newer ones."""


class Requests:
    """The requests whose calls have not come, by the span in which they lie."""

    def __init__(self, at_most: int = MAX_WAITING) -> None:
        self._at_most = at_most
        self._waiting: dict[Key, bytes] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, places: Mapping[Key, Place]) -> dict[Key, bytes]:
        """Give for spans of calls in this batch the span of the request that each made last.

        A batch has spans in the order in which they ended, and earlier batches hold what ended before;
        requests before the last one were sent in vain, and are calls of their own.
        """
        last: dict[Key, bytes] = {}
        for key in places:
            if (earlier := self._waiting.pop(key, None)) is not None:
                self._settle(places, key, earlier, last)
        for (_, span_id), place in places.items():
            if place.requests and place.model is None:
                self._settle(places, place.parent, span_id, last)
        self._forget()
        return last

    def _settle(
        self, places: Mapping[Key, Place], above: Key, request: bytes, last: dict[Key, bytes]
    ) -> None:
        """Give a request to the nearest call around it, or let it wait under the span that is missing."""
        for _ in range(MAX_DEPTH):
            around = places.get(above)
            if around is None:
                self._wait(above, request)
                return
            if around.holds_others:
                return
            if around.model is not None:
                last[above] = request
                return
            above = around.parent

    def _wait(self, above: Key, request: bytes) -> None:
        """Remember a request; one that lies in nothing waits for nobody."""
        trace_id, span_id = above
        if trace_id_of(trace_id) and span_id_of(span_id) and span_id_of(request):
            self._waiting.pop(above, None)  # the newest stands last
            self._waiting[above] = request

    def _forget(self) -> None:
        for key in list(islice(self._waiting, max(0, len(self._waiting) - self._at_most))):
            del self._waiting[key]

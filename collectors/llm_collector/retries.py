"""Which calls are retries: how often the same request failed just before (pure).

SDKs of OpenAI and Anthropic say it themselves (`x-stainless-retry-count`, forwarded as it is), but begin at
zero when their user tries again. The same body, from the same caller to the same provider, is a retry when
the tries of the last ten minutes have failed; the larger of both counts. The same request again after a good
answer is none.
"""

import hashlib
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

from schema.messages import Call

REMEMBERED_SECONDS = 600.0
MAX_REMEMBERED = 10_000
LET_GO = 1_000
"""So many of the oldest go at once: finding the first of a dict costs a step for each that went before it."""
HEADER = "x-stainless-retry-count"
_CLIENT_ERRORS = range(400, 500)
_WORTH_A_RETRY = frozenset({408, 409, 429})
"""What SDKs try again of what is the client's fault."""
_MAX_TOLD = 1000


class _Failed(NamedTuple):
    tries: int
    at: float


class Retries:
    """Requests whose last try failed, the newest last; times are monotonic seconds."""

    def __init__(self) -> None:
        self._failed: dict[bytes, _Failed] = {}

    def __len__(self) -> int:
        return len(self._failed)

    def count(self, request: bytes, now: float) -> int:
        """Give how often this request failed just before."""
        failed = self._failed.get(request)
        return failed.tries if failed and now - failed.at <= REMEMBERED_SECONDS else 0

    def ended(self, request: bytes, now: float, *, failed: bool) -> None:
        """Note how a try ended; the oldest requests are forgotten when there are too many."""
        tries = self.count(request, now)
        self._failed.pop(request, None)
        if failed:
            self._failed[request] = _Failed(tries + 1, now)
            if len(self._failed) > MAX_REMEMBERED:
                for oldest in list(islice(self._failed, LET_GO)):
                    del self._failed[oldest]


def request_of(provider: str, caller: tuple[str | None, ...], digest: str) -> bytes:
    """Tell a request by where it goes, who sends it and its body's digest; empty without a digest."""
    if not digest:
        return b""
    return hashlib.sha256(repr((provider, caller, digest)).encode(errors="replace")).digest()


def told_count(headers: Mapping[str, str]) -> int | None:
    """Read what an SDK says of its tries; None when it says nothing that can be."""
    value = headers.get(HEADER, "")
    if value.isascii() and value.isdigit() and len(value) <= 4 and int(value) <= _MAX_TOLD:
        return int(value)
    return None


def has_failed(call: Call) -> bool:
    """Say whether a call ended so that a client tries again: not where the request itself was at fault."""
    if call.status != "error":
        return call.status != "ok"
    return call.http_status not in _CLIENT_ERRORS or call.http_status in _WORTH_A_RETRY

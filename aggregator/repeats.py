"""Calls that several records tell of: found again within the hour, and completed (DESIGN §3, Ids). Pure.

The proxy, an agent's span and an agent's log may all tell of one call. The first record counts; a later one
only fills what the first did not know. Marks are kept for an hour as numbers, and the newest calls whole but
for their texts, so that memory and checkpoints stay bounded; of a call that is no longer kept whole it is
still known that it was counted.
"""

from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import UNSET

from schema.messages import Call

REPEATS_MS = 3_600_000
"""Two records of one call come within an hour."""
MAX_MARKS = 300_000
MAX_CALLS = 20_000
STRONG_ID_LENGTH = 16
"""Shorter ids come again by chance: Ollama's are `chatcmpl-` and three digits."""

USAGE = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "reasoning_tokens", "prompt_audio_tokens", "completion_audio_tokens", "service_tier",
)  # fmt: skip
"""Told together or not at all: counts of two records that differ are never mixed."""
COST = ("cost_usd", "price_source")
TEXTS = ("prompt_text", "answer_text")
TRACE = ("trace_id", "span_id", "parent_span_id", "request_span_id")
ATTRIBUTION = ("agent_id", "agent_name", "task_id", "client_address", "operation", "retry_count")
OUTCOME = (
    "response_model", "response_id", "request_id", "http_status", "error_type", "finish_reason", "latency_ms",
    "time_to_first_token_ms", "prompt_hash", "system_prompt_tokens", *TEXTS,
)  # fmt: skip
"""What is filled only where both records tell of the same end."""
_FAILED = frozenset({"rate_limited", "error"})
_OF_A_SPAN = ("span ", "under ", "outer ", "inner ")
"""Marks that the attempts of one call share, where ids are one answer's alone."""


class Counted(msgspec.Struct):
    """A call that was counted: the record as completed so far, for which agent's name, and when it came."""

    number: int
    call: Call
    name: str
    at_ms: int
    proxied: bool


class Seen(msgspec.Struct, array_like=True, frozen=True):
    """What a mark leads to: when it was left, by the call of which number, and how it fared."""

    at_ms: int
    number: int
    proxied: bool
    failed: bool


class Repeats(msgspec.Struct):
    """The marks of the last hour, and the newest calls by number."""

    number: int = 0
    marks: dict[int, Seen] = {}
    calls: dict[int, Counted] = {}

    def find(self, call: Call, at_ms: int) -> tuple[bool, Counted | None]:
        """Say whether a call was counted before, and give what is kept of it."""
        (own, *others), _ = identities(call)
        for mark in (own, *others):
            seen = self.marks.get(_number(mark))
            if seen is None or at_ms - seen.at_ms > REPEATS_MS:
                continue
            counted = self.calls.get(seen.number)
            known = _seen(counted, seen.at_ms) if counted else seen
            if mark == own or not _is_another(mark, known, call):
                return True, counted
        return False, None

    def note(self, call: Call, name: str, at_ms: int) -> None:
        """Remember a call that is counted for the first time."""
        self.number += 1
        proxied = call.seen_by == "proxy"
        if call.prompt_text is not UNSET or call.answer_text is not UNSET:
            call = msgspec.structs.replace(call, prompt_text=UNSET, answer_text=UNSET)
        counted = self.calls[self.number] = Counted(self.number, call, name, at_ms, proxied)
        seen = _seen(counted, at_ms)
        for mark in identities(call)[1]:
            before = self.marks.get(_number(mark))
            lately = before is not None and at_ms - before.at_ms <= REPEATS_MS
            # Of two calls under one span (a retry) the newest is the one that the span tells of, unless it
            # failed where the other did not.
            if before and lately and seen.failed and not before.failed and mark.startswith(_OF_A_SPAN):
                continue
            self.marks.pop(_number(mark), None)
            self.marks[_number(mark)] = seen
        self.forget(at_ms)

    def complete(self, counted: Counted, later: Call, name: str, at_ms: int) -> dict[str, Any]:
        """Fill a counted call from a later record of it; give what is new."""
        news = filled(counted.call, later)
        bare = {field: value for field, value in news.items() if field not in TEXTS}
        counted.call = msgspec.structs.replace(counted.call, **bare)
        counted.name = counted.name or name
        counted.proxied |= later.seen_by == "proxy"
        for mark in identities(later)[1]:
            self.marks.setdefault(_number(mark), _seen(counted, at_ms))
        return news

    def forget(self, now_ms: int) -> None:
        """Let go of what is past the hour, or too much."""
        while self.marks:
            first = next(iter(self.marks))
            if now_ms - self.marks[first].at_ms <= REPEATS_MS and len(self.marks) <= MAX_MARKS:
                break
            del self.marks[first]
        while self.calls:
            number = next(iter(self.calls))
            if now_ms - self.calls[number].at_ms <= REPEATS_MS and len(self.calls) <= MAX_CALLS:
                break
            del self.calls[number]


def _seen(counted: Counted, at_ms: int) -> Seen:
    return Seen(at_ms, counted.number, counted.proxied, counted.call.status in _FAILED)


def _is_another(mark: str, seen: Seen, call: Call) -> bool:
    """Say whether a call is another one than that which left a mark that it has too.

    Two requests that passed the proxy are two calls, whatever the upstream calls its answers. And a span
    covers its retries: one that succeeded does not tell of a request that the proxy saw fail before.
    """
    if call.seen_by == "proxy":
        failed_only_there = call.status in _FAILED and not seen.failed
        return seen.proxied or (mark.startswith(_OF_A_SPAN) and failed_only_there)
    failed_only_there = seen.proxied and seen.failed and call.status not in _FAILED
    return mark.startswith(_OF_A_SPAN) and failed_only_there


def filled(first: Call, later: Call) -> dict[str, Any]:
    """Give the fields of a call that a later record of it knows better; UNSET is no longer known. Pure."""
    places = TRACE if _only(first, later, "trace_id") else ()
    ends = OUTCOME if first.status == later.status else ()
    news = {
        name: getattr(later, name) for name in (*ATTRIBUTION, *places, *ends) if _only(first, later, name)
    }
    if first.key_label == "default" != later.key_label:
        news["key_label"] = later.key_label
    if later.streaming and not first.streaming:
        news["streaming"] = True
    if first.status != "ok" or later.status != "ok":
        # A span covers its retries: what the last of them used is not what a refused one used.
        return news
    return news | _counts(first, later)


def _counts(first: Call, later: Call) -> dict[str, Any]:
    """Give the counts and the cost of the later record where they say more: all of them, if they differ."""
    untold, unpriced = (_only(first, later, name) for name in ("prompt_tokens", "cost_usd"))
    price_is_lost = first.cost_usd is not UNSET and later.cost_usd is UNSET
    names: tuple[str, ...] = ()
    says_more = _reported(first, later) or (untold and not price_is_lost)
    if says_more:
        names = tuple(one for one in (*USAGE, *COST) if getattr(first, one) != getattr(later, one))
    elif (untold or unpriced) and _agree(first, later):
        names = tuple(one for one in (*USAGE, *(COST if unpriced else ())) if _only(first, later, one))
    news = {name: getattr(later, name) for name in names}
    if (says_more or "prompt_tokens" in names) and first.tokens_estimated != later.tokens_estimated:
        news["tokens_estimated"] = later.tokens_estimated
    return news


def _agree(first: Call, later: Call) -> bool:
    """Say whether two records tell no different counts."""
    told = [(getattr(first, name), getattr(later, name)) for name in USAGE]
    return all(before == after or UNSET in (before, after) for before, after in told)


def _only(first: Call, later: Call, name: str) -> bool:
    return getattr(first, name) is UNSET and getattr(later, name) is not UNSET


def _reported(first: Call, later: Call) -> bool:
    """Say whether counts that were estimated are now told, and their price no less known."""
    told = first.tokens_estimated and not later.tokens_estimated and later.prompt_tokens is not UNSET
    return told and (later.cost_usd is not UNSET or first.cost_usd is UNSET)


def identities(call: Call) -> tuple[list[str], list[str]]:
    """Give the marks that tell a call was counted, its own first, and the marks that this call leaves.

    Records are the same call when they share the id, the response's or the request's id, or when one is a
    span and the other a call made under that span, or under the HTTP request's in it. Two calls under one
    span are two calls. A model's span right under another span of the same model is the same call, told by a
    library and by the one below it. The provider is no part of it: what an instrumentation takes for one may
    be another that speaks its API.
    """
    shared = [f"id {call.call_id}", *_told_ids(call)]
    if not isinstance(call.trace_id, str):
        return shared, shared
    trace, parent = call.trace_id, call.parent_span_id
    if isinstance(call.span_id, str):
        span = f"span {trace} {call.span_id}"
        outer, inner = f"outer {trace} {call.span_id} {call.model}", f"inner {trace} {parent} {call.model}"
        tells, leaves = [*shared, span, f"under {trace} {call.span_id}"], [*shared, span]
        if call.seen_by != "span":
            return tells, leaves
        if isinstance(call.request_span_id, str):
            tells.append(f"under {trace} {call.request_span_id}")
            leaves.append(f"span {trace} {call.request_span_id}")
        # The library's span is known by its own id; the one below knows it as its parent.
        tells.append(f"inner {trace} {call.span_id} {call.model}")
        leaves.append(outer)
        if isinstance(parent, str):
            tells.append(f"outer {trace} {parent} {call.model}")
            leaves.append(inner)
        return tells, leaves
    if isinstance(parent, str):
        return [*shared, f"span {trace} {parent}"], [*shared, f"under {trace} {parent}"]
    return shared, shared


def _told_ids(call: Call) -> list[str]:
    """Give the marks of the ids that the provider gave; a short one only together with what was used."""
    marks = []
    if isinstance(call.response_id, str):
        weak = len(call.response_id) < STRONG_ID_LENGTH
        used = f" {call.model} {call.prompt_tokens} {call.completion_tokens}" if weak else ""
        marks.append(f"response {call.response_id}{used}")
    if isinstance(call.request_id, str) and len(call.request_id) >= STRONG_ID_LENGTH:
        marks.append(f"request {call.request_id}")
    return marks


def _number(mark: str) -> int:
    return int.from_bytes(blake2b(mark.encode(), digest_size=8).digest())

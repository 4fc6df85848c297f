"""Watching one request pass: times, the tap, and at its end the record.

Nothing here may fail or delay a call: an error while reading or recording is logged and counted, and the
bytes go on.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol
from uuid import uuid4

from msgspec import UNSET, structs

from collectors.llm_collector.board import Board
from collectors.llm_collector.calls import Arrival, Outcome, arrival_of, call_of, completed
from collectors.llm_collector.keys import Keys
from collectors.llm_collector.limits import Answer, Limits, limits_of
from collectors.llm_collector.reading import Reading
from collectors.llm_collector.redaction import MAX_CHARACTERS, Redactor, beginning_of
from collectors.llm_collector.request import Asked
from collectors.llm_collector.retries import Retries, has_failed, request_of
from collectors.llm_collector.routes import Target
from collectors.llm_collector.settings import LlmSettings
from collectors.llm_collector.tap import Tap
from runtime.logs import logger
from runtime.metrics import CALL_SECONDS, CALLS, CALLS_IN_FLIGHT, DROPPED_RECORDS
from schema.messages import Call

# Labels are looked up under a lock; providers are those that are configured, so few.
_counter, _histogram = cache(CALLS.labels), cache(CALL_SECONDS.labels)


class Records(Protocol):
    """Where call records go."""

    def put(self, call: Call) -> None:
        """Take one record; never waits, never fails."""


class Recorder:
    """What all requests are watched with: who holds which key, where calls are shown, where records go.

    Texts are kept only where there is a `redactor`.
    """

    def __init__(
        self, board: Board, records: Records, keys: Keys | None = None, redactor: Redactor | None = None
    ) -> None:
        self.board = board
        self.records = records
        self.keys = keys or Keys()
        self.redactor = redactor
        self.retries = Retries()

    def arrived(
        self,
        target: Target,
        headers: Mapping[str, str],
        asked: Asked | None = None,
        client_address: str | None = None,
        began: float | None = None,
    ) -> "Watch":
        """Take in a request (header names in lower case); `asked` is None while its body is still passing.

        `began` is when its first byte came (monotonic); without it that is now.
        """
        now = time.monotonic()
        began = now if began is None else began
        at = datetime.now(UTC) - timedelta(seconds=now - began)
        key = self.keys.of(headers)
        arrival = arrival_of(str(uuid4()), at, target, headers, asked, client_address, key)
        return Watch(arrival, began, self, asked.digest if asked else "")


def recorder_of(settings: LlmSettings, board: Board, records: Records) -> Recorder:
    """Make the recorder that is configured. Raises SettingError."""
    redactor = Redactor(settings.llm_redact_patterns)  # wrong ones are told of, whether they are used or not
    return Recorder(
        board, records, Keys(settings.llm_key_labels), redactor if settings.llm_store_text else None
    )


class Watch:
    """One request, from its arrival to its end; `arrival` is None for what is no model call."""

    def __init__(self, arrival: Arrival | None, began: float, recorder: Recorder, digest: str = "") -> None:
        self.sent_all = False
        """Whether the client has been sent everything there was to send."""
        self._arrival = arrival
        self._began = began
        self._recorder = recorder
        self._board = recorder.board
        self._request = b""
        self._http_status: int | None = None
        self._request_id: str | None = None
        self._limits = Limits()
        self._told: Answer | None = None
        self._failure: str | None = None
        self._first_token_ms: float | None = None
        self._tap: Tap | None = None
        if arrival is not None:
            CALLS_IN_FLIGHT.inc()
            self._board.arrived(self._count_tries(arrival, digest))

    def asked(self, asked: Asked) -> None:
        """Take what the request's body said, where it was not known at the arrival."""
        if self._arrival is not None:
            self._board.arrived(self._count_tries(completed(self._arrival, asked), asked.digest))

    def _count_tries(self, arrival: Arrival, digest: str) -> Arrival:
        """Add how often this request failed just before: SDKs tell of their own tries alone, if at all."""
        caller = (arrival.agent_id, arrival.agent_name, arrival.key_label, arrival.client_address)
        self._request = request_of(arrival.provider, caller, digest)
        if self._request:
            tries = self._recorder.retries.count(self._request, time.monotonic())
            if arrival.retry_count is None or arrival.retry_count < tries:
                arrival = structs.replace(arrival, retry_count=tries)
        self._arrival = arrival
        return arrival

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Note the upstream's status and headers (names in lower case)."""
        self._http_status = status
        if self._arrival is not None:
            self._request_id = headers.get("x-request-id") or headers.get("request-id")
            self._take_limits(self._arrival, status, headers)
            keep = MAX_CHARACTERS + 1 if self._recorder.redactor else 0
            self._tap = Tap(headers.get("content-type", ""), headers.get("content-encoding", ""), keep)

    def _take_limits(self, arrival: Arrival, status: int, headers: Mapping[str, str]) -> None:
        """Read the limits, and show them at once: a stream may go on for minutes."""
        try:
            self._limits = limits_of(headers, datetime.now(UTC))
            if status < 400:
                self._told = self._answer(arrival, Reading())
                self._board.told(self._told)
        except Exception as error:  # noqa: BLE001 - nothing that is read may fail a call
            logger().error("the limits of an answer could not be read", error=type(error).__name__)

    def passed(self, chunk: bytes) -> None:
        """Read a chunk that is on its way to the client."""
        if self._tap is None:
            return
        try:
            self._tap.feed(chunk)
        except Exception as error:  # noqa: BLE001 - nothing that is read may fail a call
            # Only the name: the text of an error may quote what passed. The tokens stay unknown.
            logger().error("an answer could not be read", error=type(error).__name__)
            self._tap = None
            return
        if self._first_token_ms is None and self._tap.has_content:
            self._first_token_ms = self._elapsed_ms()

    @property
    def is_behind(self) -> bool:
        """Whether a chunk is not read to its end: let the other calls by, and pass an empty one."""
        return self._tap is not None and self._tap.behind

    def failed(self, failure: str) -> None:
        """Note what went wrong between the upstream and us."""
        self._failure = failure

    def ended(self, cancelled: bool) -> None:
        """Take the call off the board and record it."""
        if self._arrival is None:
            return
        CALLS_IN_FLIGHT.dec()
        try:
            self._record(self._arrival, cancelled)
        except Exception as error:  # noqa: BLE001 - the client has its answer, recording must not take it back
            logger().error("a call could not be recorded", error=type(error).__name__)
            DROPPED_RECORDS.labels("call").inc()

    def _record(self, arrival: Arrival, cancelled: bool) -> None:
        reading = self._tap.close() if self._tap else Reading()
        cancelled = cancelled and not reading.ended
        answer = self._answer(arrival, reading)
        self._board.ended(arrival, None if cancelled or answer == self._told else answer)
        latency_ms = self._elapsed_ms()
        outcome = Outcome(
            latency_ms=latency_ms,
            http_status=self._http_status,
            time_to_first_token_ms=self._first_token_ms if arrival.streaming or reading.streamed else None,
            request_id=self._request_id,
            cancelled=cancelled,
            failure=self._failure,
        )
        call = call_of(arrival, outcome, reading)
        if self._request:
            self._recorder.retries.ended(self._request, time.monotonic(), failed=has_failed(call))
        if self._recorder.redactor:
            call = self._with_texts(call, arrival, reading, self._recorder.redactor)
        _counter(call.provider, call.status).inc()
        _histogram(call.provider).observe(latency_ms / 1000)
        self._recorder.records.put(call)

    def _with_texts(self, call: Call, arrival: Arrival, reading: Reading, redactor: Redactor) -> Call:
        """Add what was said, redacted; of an answer that was not read to its end nothing."""
        whole = (
            (self.sent_all or reading.ended)
            and self._tap is not None
            and not self._tap.blind
            and self._failure is None
        )
        try:
            return structs.replace(
                call,
                prompt_text=redactor.redact(arrival.text) if arrival.text else UNSET,
                answer_text=redactor.redact(beginning_of(reading.text)) if whole and reading.text else UNSET,
            )
        except Exception as error:  # noqa: BLE001 - a call is recorded without its texts rather than not at all
            logger().error("the texts of a call could not be redacted", error=type(error).__name__)
            return call

    def _answer(self, arrival: Arrival, reading: Reading) -> Answer:
        told = dict([reading.told_limit] if reading.told_limit else [])
        return Answer(
            provider=arrival.provider,
            model=arrival.model,
            key_label=arrival.key_label,
            http_status=self._http_status,
            error_code=reading.error_code,
            error_type=reading.error_type,
            limits=self._limits,
            told_rpm_max=told.get("requests"),
            told_tpm_max=told.get("tokens"),
            retry_after_seconds=reading.retry_after_seconds,
        )

    def _elapsed_ms(self) -> float:
        return (time.monotonic() - self._began) * 1000

"""What a call's record tells beside counts: whose key, which try, which system prompt, and kept texts."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec import UNSET

from collectors.llm_collector.keys import Keys
from collectors.llm_collector.redaction import Excerpt, Redactor
from collectors.llm_collector.settings import LlmSettings
from collectors.llm_collector.watch import recorder_of
from schema.errors import SettingError
from schema.messages import Call
from schema.wire import encode
from tests.llm.answers import JSON, SSE, STREAM
from tests.llm.servers import Running, answering, ask, proxying, serving

SECRET, PATH = "sk-team-a-12345678", "/openai/v1/chat/completions"
LABELS = json.dumps([
    {"label": "team-a", "sha256": hashlib.sha256(SECRET.encode()).hexdigest(), "agent": "research-agent"}
])  # fmt: skip
PROMPT = "You answer jane@example.org."
BODY = json.dumps({
    "model": "gpt-4o",
    "messages": [{"role": "system", "content": PROMPT}, {"role": "user", "content": "4111 1111 1111 1111"}],
}).encode()  # fmt: skip
ANSWER = b'{"id": "x", "choices": [{"message": {"content": "Paid by Bearer abc123def"}}], "usage": {}}'


@contextmanager
def proxied(
    status: int = 200, body: bytes = ANSWER, kind: str = JSON, **settings: Any
) -> Iterator[tuple[Running, list[dict[str, Any]]]]:
    seen: list[dict[str, Any]] = []
    upstream = answering(status, [("content-type", kind)], [body], seen)
    with serving(upstream) as url, proxying(openai_base_url=url, **settings) as running:
        yield running, seen


def call_after(
    running: Running, headers: dict[str, str] | None = None, count: int = 1, body: bytes = BODY
) -> Call:
    for number in range(count):
        ask(running.url, "POST", PATH, body, **(headers or {}))
        running.kept.wait(number + 1)
    return running.kept.calls[-1]


def test_a_key_gives_the_label_and_the_agent_and_is_in_no_record() -> None:
    with proxied(llm_key_labels=LABELS) as (running, seen):
        call = call_after(running, {"authorization": f"Bearer {SECRET}"})
        assert (call.key_label, call.agent_id) == ("team-a", "research-agent")
        assert SECRET.encode() not in encode(call)
        assert dict(seen[0]["headers"])[b"authorization"] == f"Bearer {SECRET}".encode()


@pytest.mark.parametrize("header", ["x-oracle-agent", "x-oracle-agent-name"])
def test_a_header_names_the_agent_before_the_key_does(header: str) -> None:
    with proxied(llm_key_labels=LABELS) as (running, _):
        call = call_after(running, {"x-api-key": SECRET, header: "me"})
        told = {"x-oracle-agent": call.agent_id, "x-oracle-agent-name": call.agent_name}
        assert told == {"x-oracle-agent": UNSET, "x-oracle-agent-name": UNSET, header: "me"}
        assert call.key_label == "team-a"


def test_a_forwarded_address_is_not_believed() -> None:
    with proxied() as (running, _):
        call = call_after(running, {"x-forwarded-for": "10.0.0.7", "forwarded": "for=10.0.0.7"})
        assert call.client_address == "127.0.0.1"


@pytest.mark.parametrize(
    ("status", "counts"), [(503, [0, 1, 2]), (429, [0, 1, 2]), (200, [0, 0, 0]), (400, [0] * 3)]
)
def test_tries_of_one_request_are_counted_while_they_fail(status: int, counts: list[int]) -> None:
    with proxied(status) as (running, _):
        call_after(running, count=3)
        assert [one.retry_count for one in running.kept.calls] == counts


def test_tries_of_a_large_request_are_counted_too_and_its_prompt_is_not_looked_for() -> None:
    with proxied(503, llm_store_text=True) as (running, _):
        call = call_after(running, count=2, body=BODY + b" " * 2_000_000)
        assert (call.retry_count, call.prompt_hash, call.prompt_text) == (1, UNSET, UNSET)
        assert call.model == "gpt-4o"


def test_what_an_sdk_tells_of_its_tries_counts_and_goes_upstream() -> None:
    with proxied(503) as (running, seen):
        call = call_after(running, {"x-stainless-retry-count": "7"}, count=2)
        assert call.retry_count == 7
        assert dict(seen[0]["headers"])[b"x-stainless-retry-count"] == b"7"


def test_an_agents_own_retries_count_though_its_sdk_begins_at_zero_each_time() -> None:
    with proxied(500) as (running, _):
        call_after(running, {"x-stainless-retry-count": "0"}, count=3)
        assert [one.retry_count for one in running.kept.calls] == [0, 1, 2]


def test_a_call_tells_digest_and_size_of_its_system_prompt_and_no_text() -> None:
    with proxied() as (running, _):
        call = call_after(running)
        assert call.prompt_hash == hashlib.sha256(PROMPT.encode()).hexdigest()
        assert call.system_prompt_tokens == len(PROMPT) // 4
        assert (call.prompt_text, call.answer_text) == (UNSET, UNSET)
        assert not [word for word in (b"jane", b"4111", b"Paid") if word in encode(call)]


def test_texts_are_kept_where_that_is_switched_on_and_are_redacted() -> None:
    with proxied(llm_store_text=True, llm_redact_patterns='["Paid"]') as (running, _):
        call = call_after(running)
        assert call.prompt_text == "system: You answer [redacted:email].\n\nuser: [redacted:card]"
        assert call.answer_text == "[redacted:pattern] by Bearer [redacted:key]"


def test_the_text_of_a_stream_is_kept_too() -> None:
    with proxied(body=STREAM, kind=SSE, llm_store_text=True) as (running, _):
        assert call_after(running).answer_text == "Hello"


def test_a_call_whose_texts_cannot_be_redacted_is_recorded_without_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Redactor, excerpt: Excerpt) -> str:
        raise ValueError(excerpt.head)

    monkeypatch.setattr(Redactor, "redact", fail)
    with proxied(llm_store_text=True) as (running, _):
        call = call_after(running)
    assert (call.status, call.prompt_text, call.answer_text) == ("ok", UNSET, UNSET)
    written = "".join(capsys.readouterr())
    assert "could not be redacted" in written
    assert "jane" not in written


@pytest.mark.parametrize("body", [ANSWER[:-1], b"<html>"])
def test_an_answer_that_cannot_be_read_has_no_text(body: bytes) -> None:
    with proxied(body=body, llm_store_text=True) as (running, _):
        assert call_after(running).answer_text is UNSET


@pytest.mark.parametrize(("setting", "value"), [("llm_key_labels", "nope"), ("llm_redact_patterns", '["("]')])
def test_a_wrong_setting_is_told_at_the_start(setting: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{setting.upper()} is wrong"):
        recorder_of(LlmSettings(**{setting: value}), None, None)  # type: ignore[arg-type]
    assert Keys().of({}).label == "default"

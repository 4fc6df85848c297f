"""The demo's model server is an OpenAI API as far as the official SDK can tell."""

from typing import Any

import openai
import pytest

from cli.demo.model_server import DemoServer
from cli.demo.model_text import answer, count_tokens, pieces_of
from cli.demo.rate_window import RateWindow
from tests.llm.servers import serving

CHAT: list[Any] = [{"role": "user", "content": "What is lag?"}]


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)


def test_the_same_chat_gets_the_same_words_streamed_or_not() -> None:
    with serving(DemoServer(60, 30_000, 0)) as demo:
        whole = client(demo).chat.completions.create(model="gpt-4o", messages=CHAT)
        chunks = list(
            client(demo).chat.completions.create(
                model="gpt-4o", messages=CHAT, stream=True, stream_options={"include_usage": True}
            )
        )
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert text == whole.choices[0].message.content
    assert whole.usage is not None
    assert chunks[-1].usage == whole.usage
    assert whole.usage.completion_tokens == count_tokens(text)
    # Four for the message's frame, and What, is, lag, ?
    assert whole.usage.prompt_tokens == 8


def test_pieces_are_tokens_and_join_to_the_text() -> None:
    text, cut = answer("gpt-4o", CHAT, 4096)
    assert "".join(pieces_of(text)) == text
    assert len(pieces_of(text)) == count_tokens(text)
    assert not cut


def test_max_tokens_cuts_and_says_length() -> None:
    with serving(DemoServer(60, 30_000, 0)) as demo:
        short = client(demo).chat.completions.create(model="gpt-4o", messages=CHAT, max_tokens=5)
    assert short.usage is not None
    assert (short.usage.completion_tokens, short.choices[0].finish_reason) == (5, "length")


@pytest.mark.parametrize(
    ("request_fields", "error"),
    [
        ({"model": "gpt-9", "messages": CHAT}, openai.NotFoundError),
        ({"model": "gpt-4o", "messages": []}, openai.BadRequestError),
        ({"model": "gpt-4o", "messages": CHAT, "max_tokens": -1}, openai.BadRequestError),
    ],
)
def test_a_wrong_request_is_refused_in_openais_words(
    request_fields: dict[str, Any], error: type[Exception]
) -> None:
    with serving(DemoServer(60, 30_000, 0)) as demo, pytest.raises(error):
        client(demo).chat.completions.create(**request_fields)


def test_the_window_slides_and_says_when_to_come_again() -> None:
    window = RateWindow(2, 100)
    assert [window.ask(10, at).refused for at in (0.0, 10.0, 20.0)] == [None, None, "requests"]
    assert window.ask(10, 20.0).retry_after_seconds == 40.0
    assert window.ask(10, 60.0).refused is None


def test_the_window_counts_tokens_too() -> None:
    window = RateWindow(100, 100)
    assert window.ask(60, 0.0).remaining_tokens == 40
    refused = window.ask(50, 10.0)
    assert (refused.refused, refused.retry_after_seconds, refused.remaining_requests) == ("tokens", 50.0, 99)
    assert window.ask(101, 100.0).retry_after_seconds == 60.0


def test_limit_headers_and_a_real_429() -> None:
    now = 0.0
    with serving(DemoServer(6, 30_000, 0, monotonic=lambda: now)) as demo:
        raw = client(demo).chat.completions.with_raw_response.create(model="gpt-4o", messages=CHAT)
        client(demo).chat.completions.create(model="gpt-4o", messages=CHAT)
        with pytest.raises(openai.RateLimitError) as caught:
            client(demo).chat.completions.create(model="gpt-4o", messages=CHAT)
        client(demo).chat.completions.create(model="gpt-4o-mini", messages=CHAT)
    assert raw.headers["x-ratelimit-limit-requests"] == "2"
    assert raw.headers["x-ratelimit-remaining-requests"] == "1"
    assert raw.headers["x-ratelimit-reset-requests"] == "60.000s"
    assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "requests")
    assert caught.value.response.headers["retry-after"] == "60"

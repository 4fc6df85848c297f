"""What takes long to read is read in turns through the proxy too, and to its end."""

from typing import Any

from tests.llm.answers import STREAM, chunk, sse
from tests.llm.servers import ask, proxying, serving


def test_a_long_answer_that_comes_at_once_is_read_to_its_end() -> None:
    events = sse(chunk("four")) * 20_000

    async def upstream(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": events + STREAM})

    with serving(upstream) as url, proxying(openai_base_url=url) as proxy:
        answer = ask(proxy.url, "POST", "/openai/v1/chat/completions", b'{"model": "gpt-4o"}')
        (call,) = proxy.kept.wait(1)
    assert answer[-1].endswith(STREAM)
    assert (call.status, call.prompt_tokens, call.tokens_estimated) == ("ok", 12, False)

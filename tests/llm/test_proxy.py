"""The proxy between a client and a real upstream: nothing changes, nothing is held up, all is told."""

import http.client
import json
import socket
import threading
from decimal import Decimal
from typing import Any

import openai
import pytest
from msgspec import UNSET

from cli.demo.model_server import DemoServer
from cli.stack.server import free_port
from schema.messages import Call
from tests.llm.servers import answering, ask, broken_upstream, proxying, serving

KEY = "sk-test-do-not-keep-1234567890"
CHAT: list[Any] = [{"role": "user", "content": "Say something about queues."}]
SSE_HEADERS = [("content-type", "text/event-stream"), ("x-ratelimit-limit-requests", "60")]


def client_of(url: str) -> openai.OpenAI:
    return openai.OpenAI(api_key=KEY, base_url=f"{url}/openai/v1", max_retries=0)


def test_the_official_sdk_works_through_it_and_the_call_is_recorded() -> None:
    with serving(DemoServer(60, 30_000, 0)) as demo, proxying(openai_base_url=demo) as proxy:
        headers = {"x-oracle-agent": "writer-1", "x-oracle-task": "task-1"}
        answer = client_of(proxy.url).chat.completions.create(
            model="gpt-4o-mini", messages=CHAT, extra_headers=headers
        )
        assert answer.usage is not None
        (call,) = proxy.kept.wait(1)
    assert answer.choices[0].message.content
    assert (call.status, call.http_status, call.provider, call.model) == ("ok", 200, "openai", "gpt-4o-mini")
    assert (call.agent_id, call.task_id, call.streaming) == ("writer-1", "task-1", False)
    assert (call.prompt_tokens, call.completion_tokens) == (
        answer.usage.prompt_tokens,
        answer.usage.completion_tokens,
    )
    assert call.response_id == answer.id
    assert (
        call.cost_usd
        == (answer.usage.prompt_tokens * Decimal("0.15") + answer.usage.completion_tokens * Decimal("0.6"))
        / 1_000_000
    )


@pytest.mark.parametrize("include_usage", [True, False])
def test_the_official_sdk_streams_through_it(include_usage: bool) -> None:
    with serving(DemoServer(60, 30_000, 0)) as demo, proxying(openai_base_url=demo) as proxy:
        chunks = list(
            client_of(proxy.url).chat.completions.create(
                model="gpt-4o", messages=CHAT, stream=True, stream_options={"include_usage": include_usage}
            )
        )
        (call,) = proxy.kept.wait(1)
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert len(chunks) > 5
    assert (call.status, call.streaming, call.tokens_estimated) == ("ok", True, not include_usage)
    if include_usage:
        assert chunks[-1].usage is not None
        assert call.completion_tokens == chunks[-1].usage.completion_tokens
    else:
        assert call.completion_tokens == -(-len(text) // 4)
    assert isinstance(call.time_to_first_token_ms, float)
    assert isinstance(call.cost_usd, Decimal)


def test_a_list_of_models_passes_and_is_no_call() -> None:
    with serving(DemoServer(60, 30_000, 0)) as demo, proxying(openai_base_url=demo) as proxy:
        names = {one.id for one in client_of(proxy.url).models.list()}
        assert proxy.kept.calls == []
    assert names == {"gpt-4o", "gpt-4o-mini"}


def test_a_stream_is_the_same_bytes_and_headers_directly_and_through_it() -> None:
    chunks = [
        b'data: {"choices":[{"delta":{"content":"\xc3\xa4"}}]}\n\n',
        b"\x00\xff garbage \r\n",
        b"data: [DONE]\n\n",
    ]
    seen: list[dict[str, Any]] = []
    body = b'{"model": "m",   "stream": true, "odd": "\xc3\xa4"}'
    headers = {
        "Authorization": f"Bearer {KEY}",
        "traceparent": "00-1-2-3",
        "Content-Type": "application/json",
    }
    with (
        serving(answering(200, SSE_HEADERS, chunks, seen)) as upstream,
        proxying(openai_base_url=upstream) as proxy,
    ):
        direct = ask(upstream, "POST", "/v1/chat/completions?a=%20b&c", body, **headers)
        through = ask(proxy.url, "POST", "/openai/v1/chat/completions?a=%20b&c", body, **headers)
    assert through == direct
    first, second = ({k: one[k] for k in ("method", "raw_path", "query_string", "body")} for one in seen)
    assert first == second
    without_host = [sorted(pair for pair in one["headers"] if pair[0] != b"host") for one in seen]
    assert without_host[0] == without_host[1]


def test_a_compressed_answer_passes_compressed_and_is_read() -> None:
    import gzip

    raw = gzip.compress(json.dumps({"id": "x", "model": "gpt-4o", "usage": {"prompt_tokens": 3}}).encode())
    headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
        ("content-length", str(len(raw))),
    ]
    with serving(answering(200, headers, [raw])) as upstream, proxying(openai_base_url=upstream) as proxy:
        _, told, body = ask(proxy.url, "POST", "/openai/v1/chat/completions", b'{"model": "gpt-4o"}')
        (call,) = proxy.kept.wait(1)
    assert body == raw
    assert ("content-encoding", "gzip") in told
    assert call.prompt_tokens == 3


def test_chunks_come_as_they_are_sent_and_not_at_the_end() -> None:
    first_seen = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream")],
            }
        )
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        import asyncio

        # The second chunk is sent only once the client has the first: buffering would never end.
        await asyncio.to_thread(first_seen.wait, 10)
        await send({"type": "http.response.body", "body": b"data: 2\n\n"})

    with serving(app) as upstream, proxying(openai_base_url=upstream) as proxy:
        connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=10)
        connection.request("POST", "/openai/v1/chat/completions", b'{"model": "m", "stream": true}')
        response = connection.getresponse()
        first = response.read1()
        first_seen.set()
        rest = response.read()
        connection.close()
    assert (first, rest) == (b"data: 1\n\n", b"data: 2\n\n")


def test_a_client_that_leaves_takes_its_upstream_request_with_it() -> None:
    left = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream")],
            }
        )
        await send({"type": "http.response.body", "body": b'data: {"id": "x"}\n\n', "more_body": True})
        if (await receive())["type"] == "http.disconnect":
            left.set()

    with serving(app) as upstream, proxying(openai_base_url=upstream) as proxy:
        connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=10)
        connection.request("POST", "/openai/v1/chat/completions", b'{"model": "m", "stream": true}')
        connection.getresponse().read1()
        assert connection.sock is None or connection.sock.fileno() >= 0
        connection.close()
        (call,) = proxy.kept.wait(1)
        assert left.wait(10)
    assert (call.status, call.error_type, call.response_id) == ("cancelled", "client_disconnected", "x")


def test_an_upstream_that_is_down_is_a_problem_and_an_error_in_the_record(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with proxying(openai_base_url=f"http://127.0.0.1:{free_port()}") as proxy:
        with pytest.raises(openai.InternalServerError) as caught:
            client_of(proxy.url).chat.completions.create(model="gpt-4o", messages=CHAT)
        (call,) = proxy.kept.wait(1)
    assert caught.value.status_code == 502
    assert caught.value.response.headers["content-type"] == "application/problem+json"
    assert caught.value.response.json()["status"] == 502
    assert (call.status, call.error_type, call.http_status) == ("error", "upstream_unreachable", UNSET)
    assert KEY not in repr(proxy.kept.calls) + "".join(capfd.readouterr())


async def test_an_answer_that_breaks_off_is_broken_for_the_client_too() -> None:
    import asyncio

    raw = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    async with broken_upstream(raw) as upstream:

        def run() -> Call:
            with proxying(openai_base_url=upstream) as proxy:
                with pytest.raises(http.client.IncompleteRead):
                    ask(proxy.url, "POST", "/openai/v1/chat/completions", b'{"model": "m"}')
                return proxy.kept.wait(1)[0]

        call = await asyncio.to_thread(run)
    assert (call.status, call.error_type) == ("error", "upstream_broke_off")


def test_a_429_passes_as_it_is_and_marks_the_model() -> None:
    with serving(DemoServer(3, 30_000, 0)) as demo, proxying(openai_base_url=demo) as proxy:
        client = client_of(proxy.url)
        client.chat.completions.create(model="gpt-4o", messages=CHAT)
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model="gpt-4o", messages=CHAT)
        calls = proxy.kept.wait(2)
        entities = proxy.board.present()
    assert caught.value.code == "rate_limit_exceeded"
    assert 0 < int(caught.value.response.headers["retry-after"]) <= 60
    assert [call.status for call in calls] == ["ok", "rate_limited"]
    assert calls[1].error_type == "rate_limit_exceeded"
    model: Any = entities["model", "openai/gpt-4o/default"]
    assert (model.status, model.rpm_max, model.tpm_max) == ("rate_limited", 1, 10_000)
    assert [kind for kind, _ in entities if kind == "in_flight"] == []


def test_a_redirect_is_handed_back_and_not_followed() -> None:
    elsewhere: list[dict[str, Any]] = []
    with serving(answering(200, [], [], elsewhere)) as other:
        app = answering(307, [("location", f"{other}/v1/x")], [])
        with serving(app) as upstream, proxying(openai_base_url=upstream) as proxy:
            status, headers, _ = ask(
                proxy.url, "POST", "/openai/v1/chat/completions", b'{"model": "m"}', Authorization=KEY
            )
    assert (status, dict(headers)["location"]) == (307, f"{other}/v1/x")
    assert elsewhere == []


@pytest.mark.parametrize("path", ["/", "/nobody/v1/chat/completions", "/openai/../x"])
def test_an_unknown_route_is_a_problem(path: str) -> None:
    with proxying() as proxy:
        status, headers, raw = ask(proxy.url, "POST", path, b"{}")
        assert proxy.kept.calls == []
    assert (status, dict(headers)["content-type"]) == (404, "application/problem+json")
    assert json.loads(raw)["title"] == "No such provider"


def test_a_request_beyond_the_limit_is_refused_and_never_forwarded() -> None:
    seen: list[dict[str, Any]] = []
    with (
        serving(answering(200, [], [], seen)) as upstream,
        proxying(openai_base_url=upstream, llm_proxy_max_request_bytes=1024) as proxy,
    ):
        status, _, raw = ask(proxy.url, "POST", "/openai/v1/chat/completions", b"x" * 1025)
    assert (status, json.loads(raw)["status"], seen) == (413, 413, [])


def test_garbage_requests_reach_the_upstream_untouched() -> None:
    seen: list[dict[str, Any]] = []
    with serving(answering(400, [], [b"no"], seen)) as upstream, proxying(openai_base_url=upstream) as proxy:
        status, _, raw = ask(proxy.url, "POST", "/openai/v1/chat/completions", b"\xff{nope")
        (call,) = proxy.kept.wait(1)
    assert (status, raw, seen[0]["body"]) == (400, b"no", b"\xff{nope")
    assert (call.status, call.model) == ("error", "unknown")


def test_keys_stay_out_of_records_entities_and_logs(capfd: pytest.CaptureFixture[str]) -> None:
    answer = json.dumps(
        {"error": {"message": f"wrong key {KEY}", "type": "invalid_request_error", "code": "invalid_api_key"}}
    )
    upstream_app = answering(401, [("content-type", "application/json")], [answer.encode()])
    with serving(upstream_app) as upstream, proxying(openai_base_url=upstream) as proxy:
        with pytest.raises(openai.AuthenticationError):
            client_of(proxy.url).chat.completions.create(model="gpt-4o", messages=CHAT)
        ask(
            proxy.url,
            "POST",
            f"/openai/v1/chat/completions?api-key={KEY}",
            b'{"model": "m"}',
            **{"api-key": KEY},
        )
        calls = proxy.kept.wait(2)
        entities = proxy.board.present()
    assert [call.error_type for call in calls] == ["invalid_api_key", "invalid_api_key"]
    assert KEY not in repr(calls) + repr(entities) + "".join(capfd.readouterr())


def test_a_client_that_sends_half_a_request_and_leaves_does_no_harm() -> None:
    with serving(DemoServer(60, 30_000, 0)) as demo, proxying(openai_base_url=demo) as proxy:
        host, port = proxy.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(
                b"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"
            )
        client_of(proxy.url).chat.completions.create(model="gpt-4o", messages=CHAT)
        assert len(proxy.kept.wait(1)) == 1

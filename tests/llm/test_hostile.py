"""Requests that mean two things, or go on for ever: each is refused, or means one thing upstream."""

import re
import socket
import time

import pytest
from prometheus_client import REGISTRY

from collectors.llm_collector import connection
from tests.llm.raw import OK, PATH, connect, post, raw_upstream, said, status_of, until
from tests.llm.servers import proxying

BODY = b'{"model": "m"}'
SECOND = b"GET /openai/v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
LENGTH = b"content-length: %d" % len(BODY)
CHUNKED = b"e\r\n" + BODY + b"\r\n0\r\n\r\n"


def refused(why: str) -> float:
    return REGISTRY.get_sample_value("oracle_llm_refused_total", {"why": why}) or 0.0


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(post(LENGTH, b"transfer-encoding: chunked", body=CHUNKED + SECOND), id="both framings"),
        pytest.param(post(b"transfer-encoding: chunked", LENGTH, body=CHUNKED + SECOND), id="both, reversed"),
        pytest.param(post(LENGTH, b"content-length: 5", body=BODY), id="two lengths"),
        pytest.param(post(LENGTH, LENGTH, body=BODY), id="the same length twice"),
        pytest.param(post(b"content-length: 14, 14", body=BODY), id="a list of lengths"),
        pytest.param(post(b"content-length: +14", body=BODY), id="a sign"),
        pytest.param(post(b"content-length: -1", body=BODY), id="a negative length"),
        pytest.param(post(b"content-length: 0x0e", body=BODY), id="a hexadecimal length"),
        pytest.param(post(b"content-length: 99999999999999999999999", body=BODY), id="a length beyond 2^64"),
        pytest.param(post(b"content-length : 14", body=BODY), id="a space before the colon"),
        pytest.param(post(b"transfer-encoding: identity", body=BODY), id="identity"),
        pytest.param(post(b"transfer-encoding: xchunked", body=CHUNKED), id="nearly chunked"),
        pytest.param(post(b"transfer-encoding: chunked, identity", body=CHUNKED), id="chunked is not last"),
        pytest.param(post(b"transfer-encoding: chunked", body=b"zz\r\n" + BODY), id="a bad chunk size"),
        pytest.param(post(b"transfer-encoding: chunked", body=b"-1\r\n\r\n"), id="a negative chunk size"),
        pytest.param(
            post(b"transfer-encoding: chunked", body=b"fffffffffffffffff\r\nx"), id="an endless chunk size"
        ),
        pytest.param(
            post(b"transfer-encoding: chunked", body=b"3\r\nabcdef\r\n0\r\n\r\n"), id="a chunk that is longer"
        ),
        pytest.param(
            post(b"transfer-encoding: chunked", body=b"e\n" + BODY + b"\n0\n\n"), id="bare line feeds"
        ),
        pytest.param(post(b"x-one: 1\r\n continued: 2", LENGTH, body=BODY), id="a folded header"),
        pytest.param(post(b"x-od\x00d: 1", LENGTH, body=BODY), id="a zero in a name"),
        pytest.param(post(b"x odd: 1", LENGTH, body=BODY), id="a space in a name"),
        pytest.param(post(b"x\xe4: 1", LENGTH, body=BODY), id="a name that is not ASCII"),
        pytest.param(post(b": 1", LENGTH, body=BODY), id="no name"),
        pytest.param(post(b"x-a: 1\x00", LENGTH, body=BODY), id="a zero in a value"),
        pytest.param(post(b"x-a: 1\rcontent-length: 3", LENGTH, body=BODY), id="a bare return"),
        pytest.param(b"CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example\r\n\r\n", id="CONNECT"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"GET " + PATH + b"\r\n\r\n", id="HTTP, 0.9"),
        pytest.param(post(LENGTH, body=BODY, path=b"/openai/v1/\xe4"), id="a path that is not ASCII"),
    ],
)
def test_what_means_two_things_is_refused_and_nothing_of_it_reaches_the_upstream(request_: bytes) -> None:
    before = refused("malformed")
    with raw_upstream() as upstream, proxying(openai_base_url=upstream.url) as proxy:
        answer = said(proxy.url, request_, b"RFC 9112")
        time.sleep(0.05)
        assert b"smuggled" not in upstream.received
        assert upstream.received.count(b"HTTP/1.1\r\n") <= 1
    assert status_of(answer) == 400, answer
    assert b"application/problem+json" in answer
    assert BODY not in upstream.received
    assert refused("malformed") == before + 1


@pytest.mark.parametrize(
    ("request_", "sent"),
    [
        pytest.param(post(LENGTH, body=BODY), BODY, id="a length"),
        pytest.param(post(b"transfer-encoding: chunked", body=CHUNKED), BODY, id="chunks"),
        pytest.param(
            post(b"transfer-encoding: chunked", body=b"e;a=b\r\n" + BODY + b"\r\n0\r\nx-oracle-a: 1\r\n\r\n"),
            BODY,
            id="an extension and a trailer",
        ),
        pytest.param(
            post(LENGTH, b"connection: content-length, transfer-encoding, close", body=BODY),
            BODY,
            id="named hops",
        ),
        pytest.param(post(LENGTH, b"upgrade: h2c", b"connection: upgrade", body=BODY), BODY, id="an upgrade"),
    ],
)
def test_what_is_forwarded_has_exactly_one_framing(request_: bytes, sent: bytes) -> None:
    with raw_upstream(after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        answer = said(proxy.url, request_)
        head, _, body = upstream.received.partition(b"\r\n\r\n")
    assert status_of(answer) == 200
    assert body == sent
    assert re.findall(rb"(?im)^(content-length|transfer-encoding): *(.*)\r?$", head + b"\r") == [
        (b"Content-Length", b"%d\r" % len(sent))
    ]
    assert not re.search(rb"(?im)^(upgrade|connection|trailer|te|x-oracle-.*):", head)


def test_what_is_named_beside_a_wish_for_an_upgrade_ends_at_the_proxy() -> None:
    wish = (b"connection: Upgrade, HTTP2-Settings, x-private", b"upgrade: h2c", b"http2-settings: AAMAAABk")
    with raw_upstream(after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        answer = said(proxy.url, post(*wish, b"x-private: 1", b"x-kept: 2", LENGTH, body=BODY))
        head = upstream.received.lower()
    assert status_of(answer) == 200
    assert b"x-kept: 2" in head
    assert not re.search(rb"(?m)^(connection|upgrade|http2-settings|x-private):", head)


def test_two_requests_in_one_segment_are_two_answers() -> None:
    with (
        raw_upstream(after=BODY) as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(post(LENGTH, body=BODY) * 2)
        got = until(client, b"{}")
        while got.count(b"{}") < 2:
            got += until(client, b"{}")
    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert upstream.received.count(b"POST /v1/chat/completions HTTP/1.1") == 2


@pytest.mark.parametrize(
    "target",
    [
        b"http://evil.example" + PATH,
        b"http://169.254.169.254" + PATH,
        PATH + b"?api_base=http://evil.example&base_url=http://evil.example",
        b"/openai//evil.example/v1/chat/completions",
        b"/openai/http://evil.example/",
        b"/openai/@evil.example/",
        b"/openai/%2f%2fevil.example/",
    ],
)
@pytest.mark.parametrize("host", [b"proxy", b"evil.example", b"169.254.169.254"])
def test_nothing_in_a_request_chooses_the_upstream(target: bytes, host: bytes) -> None:
    body = b'{"model": "m", "api_base": "http://evil.example", "base_url": "http://evil.example"}'
    headers = [
        b"x-forwarded-host: evil.example",
        b"x-oracle-upstream: http://evil.example",
        b"x-api-base: evil",
    ]
    request = post(*headers, b"content-length: %d" % len(body), body=body, path=target)
    with raw_upstream(after=body) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        answer = said(proxy.url, request.replace(b"host: proxy", b"host: " + host))
        received = upstream.received
    assert status_of(answer) == 200
    assert received.count(b"\r\nHost: " + upstream.url.removeprefix("http://").encode() + b"\r\n") == 1
    assert received.startswith(b"POST /")
    assert received.endswith(body)
    assert b"x-oracle" not in received.lower()


def test_headers_beyond_the_limit_are_431() -> None:
    many = [b"x-%d: 1" % number for number in range(101)]
    with raw_upstream() as upstream, proxying(openai_base_url=upstream.url) as proxy:
        before = refused("too_many_headers")
        answer = said(proxy.url, post(*many, LENGTH, body=BODY), b"LLM_PROXY_MAX_HEADERS")
        # The connection goes on, and the next request is served.
        assert status_of(said(proxy.url, post(*many[:90], LENGTH, body=BODY))) == 200
    assert status_of(answer) == 431
    assert b"application/problem+json" in answer
    assert refused("too_many_headers") == before + 1


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(b"POST " + PATH + b" HTTP/1.1\r\n", b"x: 1\r\n" * 1000, id="headers"),
        pytest.param(b"POST " + PATH + b" HTTP/1.1\r\nx: ", b"1" * 10_000, id="one header"),
        pytest.param(b"POST /", b"1" * 10_000, id="a path"),
        pytest.param(
            post(b"transfer-encoding: chunked", body=b"1;"), b"1" * 10_000, id="a chunk's extension"
        ),
        pytest.param(
            post(b"transfer-encoding: chunked", body=b"1\r\nx\r\n0\r\n"), b"x: 1\r\n" * 1000, id="trailers"
        ),
    ],
)
def test_a_head_without_end_is_cut_off(begin: bytes, more: bytes) -> None:
    sent = 0
    with raw_upstream() as upstream, proxying(openai_base_url=upstream.url) as proxy:
        with connect(proxy.url) as client:
            client.sendall(begin)
            client.settimeout(0.02)
            answer = b""
            while not answer and sent < 5_000_000:
                try:
                    client.sendall(more)
                    sent += len(more)
                    answer = client.recv(4096)
                except TimeoutError:
                    continue
                except OSError:
                    break
        assert upstream.received == b""
    assert sent < 1_000_000
    assert status_of(answer) in {431, 0}


def test_a_head_that_does_not_come_in_time_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    with proxying() as proxy, connect(proxy.url) as slow, connect(proxy.url) as silent:
        slow.sendall(b"POST / HTTP/1.1\r\nx: ")
        answer = until(slow, b"never")
        assert until(silent, b"never") == b""
    assert status_of(answer) == 408


def test_more_calls_than_the_limit_are_503_with_a_time_to_come_back() -> None:
    def never(_: socket.socket) -> None:
        time.sleep(1)

    before = refused("too_many_calls")
    with (
        raw_upstream(never, after=BODY) as upstream,
        proxying(openai_base_url=upstream.url, llm_proxy_max_calls=2) as proxy,
        connect(proxy.url) as first,
        connect(proxy.url) as second,
    ):
        first.sendall(post(LENGTH, body=BODY))
        second.sendall(post(LENGTH, body=BODY))
        while upstream.received.count(BODY) < 2:
            time.sleep(0.01)
        answer = said(proxy.url, post(LENGTH, body=BODY), b"LLM_PROXY_MAX_CALLS")
        first.close()
        proxy.kept.wait(1)
        with connect(proxy.url) as third:
            third.sendall(post(LENGTH, body=BODY))
            while upstream.received.count(BODY) < 3:
                time.sleep(0.01)
    assert status_of(answer) == 503
    assert b"\r\nretry-after: 1\r\n" in answer
    assert b"application/problem+json" in answer
    assert refused("too_many_calls") == before + 1


def test_bytes_of_a_header_that_are_no_utf8_stay_what_they_are() -> None:
    headers = [b"x-title: Caf\xe9 \xff", "x-name: Zoë".encode(), b"x-tab: a\tb", LENGTH]
    with raw_upstream(after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        assert status_of(said(proxy.url, post(*headers, body=BODY))) == 200
        for header in headers[:3]:
            assert header + b"\r\n" in upstream.received


def test_header_bytes_of_an_answer_stay_what_they_are() -> None:
    raw = OK.replace(b"content-type", b"x-title: Caf\xe9 \xff\r\nx-oracle-agent: forged\r\ncontent-type")
    with raw_upstream(raw, after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        answer = said(proxy.url, post(LENGTH, body=BODY), b"{}")
    assert b"x-title: Caf\xe9 \xff\r\n" in answer
    assert b"x-oracle" not in answer

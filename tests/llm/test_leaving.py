"""A client that hangs up is told of by its connection, and takes its upstream request with it."""

import asyncio
import socket
import struct
import threading
import time
from typing import Any

import pytest

from tests.llm.process import until as until_it
from tests.llm.raw import connect, post, raw_upstream, until
from tests.llm.servers import proxying, serving

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "' + b"x" * 200_000 + b'"}]}'
SMALL = b'{"model": "m"}'
ANSWER = [(b"content-type", b"application/json"), (b"content-length", b"2")]


class Slow:
    """An upstream that answers the first request never, and the others at once; it notes who hung up."""

    def __init__(self) -> None:
        self.asked = 0
        self.left = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        number = self.asked
        while (await receive()).get("more_body"):
            pass
        if number == 1:
            await receive()
            self.left.set()
            return
        await send({"type": "http.response.start", "status": 200, "headers": ANSWER})
        await send({"type": "http.response.body", "body": b"{}"})


def request(content: bytes) -> bytes:
    head = f"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


def test_a_client_that_leaves_while_a_large_body_is_answered_takes_the_upstream_with_it() -> None:
    slow = Slow()
    with serving(slow) as upstream, proxying(openai_base_url=upstream) as proxy:
        host, port = proxy.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(request(BODY))
            while not slow.asked:
                time.sleep(0.01)
        assert slow.left.wait(5), "the upstream was hung up on"
        (call,) = proxy.kept.wait(1)
    assert (call.status, call.error_type) == ("cancelled", "client_disconnected")


def test_requests_that_were_sent_ahead_are_answered_one_after_the_other() -> None:
    slow = Slow()
    slow.asked = 1
    with serving(slow) as upstream, proxying(openai_base_url=upstream) as proxy:
        host, port = proxy.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(request(SMALL) * 3)
            said = b""
            while said.count(b"\r\n\r\n{}") < 3:
                said += client.recv(65_536)
        calls = proxy.kept.wait(3)
    assert [call.status for call in calls] == ["ok"] * 3


def test_a_client_that_sent_ahead_and_leaves_ends_all_of_it() -> None:
    slow = Slow()
    with serving(slow) as upstream, proxying(openai_base_url=upstream) as proxy:
        host, port = proxy.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(request(SMALL) * 2)
            while not slow.asked:
                time.sleep(0.01)
        assert slow.left.wait(5)
        calls = proxy.kept.wait(1)
        time.sleep(0.2)
    assert calls[0].status == "cancelled"
    assert slow.asked <= 2


async def test_the_upstreams_time_limit_answers_a_client_that_waits() -> None:
    slow = Slow()
    with (
        serving(slow) as upstream,
        proxying(openai_base_url=upstream, llm_proxy_silence_seconds=0.5) as proxy,
    ):
        host, port = proxy.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request(SMALL))
        status = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        (call,) = proxy.kept.wait(1)
    assert status.startswith(b"HTTP/1.1 502")
    assert call.error_type == "upstream_timeout"


def established(port: int, end: str) -> int:
    """Count the connections of this machine that have this port at one end, as the kernel tells them."""
    column = {"local": 1, "remote": 2}[end]
    with open("/proc/net/tcp", encoding="ascii") as lines:
        fields = [line.split() for line in lines]
    return sum(1 for one in fields if one[column].endswith(f":{port:04X}") and one[3] == "01")


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def narrow(url: str) -> socket.socket:
    """Connect with a buffer that holds next to nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port_of(url)))
    return client


def test_an_upstream_that_takes_nothing_is_hung_up_on_when_its_client_leaves() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with listening, proxying(openai_base_url=f"http://127.0.0.1:{port}") as proxy:
        client = connect(proxy.url)
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.sendall(post(b"content-length: 30000000", body=b"x" * 30_000_000))
        accepted, _ = listening.accept()
        assert established(port, "remote") == 1
        # As an end of its process does; an orderly end would wait behind what nobody takes.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        proxy.kept.wait(1)
        until_it(lambda: established(port, "remote") == 0)
        accepted.close()


@pytest.mark.parametrize("size", [0, 3_000_000], ids=["whole", "while it comes"])
def test_a_client_that_reads_nothing_loses_its_connection(size: int) -> None:
    def endless(upstream: socket.socket) -> None:
        upstream.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            upstream.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")

    body = b" " * size + SMALL
    with (
        raw_upstream(endless, after=SMALL) as upstream,
        proxying(openai_base_url=upstream.url, llm_proxy_silence_seconds=0.5) as proxy,
        narrow(proxy.url) as client,
    ):
        client.sendall(post(b"content-length: %d" % len(body), body=body))
        (call,) = proxy.kept.wait(1)
        until_it(lambda: established(port_of(proxy.url), "local") == 0)
    assert call.error_type == "client_stalled"


def test_a_client_that_stalls_takes_no_other_call_with_it() -> None:
    connections: list[int] = []

    class Upstream:
        """Answers the first call at length, and the second slowly over the same connection."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            connections.append(scope["client"][1])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            if len(connections) == 1:
                await send({"type": "http.response.body", "body": b"x" * 3_000_000})
                return
            for _ in range(8):
                await send({"type": "http.response.body", "body": b"data: x\n\n", "more_body": True})
                await asyncio.sleep(0.4)
            await send({"type": "http.response.body", "body": b"end"})

    with (
        serving(Upstream()) as upstream,
        proxying(openai_base_url=upstream, llm_proxy_silence_seconds=1) as proxy,
        narrow(proxy.url) as stalls,
        connect(proxy.url) as reads,
    ):
        stalls.sendall(request(SMALL))
        time.sleep(0.5)
        reads.sendall(request(SMALL))
        answer = until(reads, b"end\r\n0\r\n\r\n")
        proxy.kept.wait(2)
    assert len(set(connections)) == 1, "the test is about one connection"
    assert answer.endswith(b"end\r\n0\r\n\r\n")


@pytest.mark.parametrize("size", [0, 3_000_000], ids=["whole", "while it comes"])
def test_a_client_that_leaves_with_requests_sent_ahead_is_missed(size: int) -> None:
    body = b" " * size + SMALL
    one = post(b"content-length: %d" % len(body), body=body)
    ahead = post(b"content-length: 200000", body=b"x" * 200_000)
    with (
        raw_upstream(lambda _: None, after=SMALL) as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
    ):
        client = connect(proxy.url)
        client.sendall(one)
        until_it(lambda: bool(upstream.received.endswith(SMALL)))
        client.sendall(ahead)
        time.sleep(0.2)
        client.close()
        assert upstream.hung_up.wait(5)
        (call,) = proxy.kept.wait(1)
    assert call.error_type == "client_disconnected"

"""What the proxy keeps of a request: a few pieces while it passes, and nothing while it is answered."""

import socket
import threading
import tracemalloc
from typing import Any

from tests.llm.servers import proxying, serving

MIB = 1024 * 1024


def test_ten_uploads_of_thirty_mebibytes_pass_at_once_in_a_few() -> None:
    sizes: list[int] = []

    async def upstream(scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message["body"]), message["more_body"]
        sizes.append(size)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    begun = threading.Barrier(10)

    def upload(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(_head(30 * MIB))
            begun.wait()
            for _ in range(30):
                client.sendall(PIECE)
            assert b"done" in _until(client, b"done")

    with serving(upstream) as url, proxying(openai_base_url=url) as proxy:
        threads = [threading.Thread(target=upload, args=(_port(proxy.url),)) for _ in range(10)]
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(120)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sizes == [30 * MIB] * 10
    # The clients, the proxy and the upstream together.
    assert peak - before < 40 * MIB


def test_a_streaming_answer_does_not_keep_its_request_in_memory() -> None:
    async def upstream(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await receive()

    with serving(upstream) as url, proxying(openai_base_url=url) as proxy:
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            with socket.create_connection(("127.0.0.1", _port(proxy.url)), timeout=10) as client:
                client.sendall(_head(MIB))
                client.sendall(PIECE)
                _until(client, b"begun")
                kept, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak - before > MIB
    assert kept - before < MIB / 2


PIECE = b" " * MIB


def _head(length: int) -> bytes:
    return b"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % length


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _until(client: socket.socket, mark: bytes) -> bytes:
    answer = b""
    while mark not in answer:
        piece = client.recv(4096)
        assert piece, answer
        answer += piece
    return answer

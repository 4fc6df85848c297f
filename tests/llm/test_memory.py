"""What the proxy keeps of a call while its answer streams: nothing of the request's body."""

import socket
import tracemalloc
from typing import Any

from tests.llm.servers import proxying, serving

MIB = 1024 * 1024
BODY_MIB = 8


def test_a_streaming_answer_does_not_keep_its_request_in_memory() -> None:
    async def upstream(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await receive()

    with serving(upstream) as url, proxying(openai_base_url=url) as proxy:
        host, port = proxy.url.removeprefix("http://").split(":")
        piece = b" " * MIB
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            with socket.create_connection((host, int(port)), timeout=10) as client:
                client.sendall(
                    b"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
                    b"content-length: %d\r\n\r\n" % (BODY_MIB * MIB)
                )
                for _ in range(BODY_MIB):
                    client.sendall(piece)
                answer = b""
                while b"begun" not in answer:
                    answer += client.recv(4096)
                kept, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak - before > BODY_MIB * MIB
    assert kept - before < BODY_MIB * MIB / 2

"""What is asked, one short chat completion as SDKs write it, and what is answered where nothing streams."""

import hashlib
import json
from urllib.parse import urlsplit

KEY = "sk-benchmark-" + hashlib.sha256(b"benchmark").hexdigest()
"""Of nobody: LiteLLM wants one that looks like a key."""
HEADERS = {
    "content-type": "application/json",
    "accept": "application/json",
    "authorization": f"Bearer {KEY}",
    "user-agent": "OpenAI/Python 2.0.0",
    "x-stainless-lang": "python",
    "x-stainless-retry-count": "0",
}
_WORDS = "The quick brown fox jumps over the lazy dog. " * 20


def body(stream: bool = False) -> bytes:
    """Give a request of about one KiB."""
    messages = [{"role": "system", "content": "You answer briefly."}, {"role": "user", "content": _WORDS}]
    asked: dict[str, object] = {"messages": messages, "model": "gpt-4o-mini"}
    if stream:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(asked).encode()


def answer() -> str:
    """Give the upstream's answer, a chat completion of about half a KiB; no single quotes, for nginx."""
    message = {"role": "assistant", "content": "The dog was lazy, and so it stayed where it was. " * 4}
    document = {
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1770000000, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 220, "completion_tokens": 52, "total_tokens": 272},
    }  # fmt: skip
    return json.dumps(document)


def head_of(url: str, content: bytes) -> bytes:
    """Give the head of the request as it goes over the wire."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"host: {parts.netloc}", f"content-length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def lua(content: bytes) -> str:
    """Give the request as a script of wrk, which tells its result as one line of JSON."""
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in HEADERS.items())
    return f"""wrk.method = "POST"
wrk.body = [==[{content.decode()}]==]
{headers}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{{"requests":%d,"seconds":%.6f,"p50_us":%d,"p99_us":%d,"errors":%d}}\\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""

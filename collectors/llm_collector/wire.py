"""Header bytes as they came: aiohttp, told to write them back unchanged.

aiohttp takes headers as text and writes UTF-8. Some clients send Latin-1 (Python's http.client does), and its
compiled writer would drop what `surrogateescape` made of such bytes. It has no option for this, so its writer
is replaced, for the whole process; tests/llm/test_headers.py fails should a new version no longer ask it.
"""

import re
from collections.abc import Mapping

import aiohttp.http_writer

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def keep_header_bytes() -> None:
    """Let aiohttp write each header as the bytes that it came as."""
    aiohttp.http_writer._serialize_headers = _serialized


def _serialized(status_line: str, headers: Mapping[str, str]) -> bytes:
    lines = [status_line, *(f"{name}: {value}" for name, value in headers.items())]
    if _FORBIDDEN.search("".join(lines)):
        raise ValueError("a control character in a header")
    return "\r\n".join([*lines, "", ""]).encode(errors="surrogateescape")

"""How the tables of answers write down bodies, lines and events."""

import json
from typing import Any

Case = tuple[str, str, bytes, dict[str, Any]]


def whole(document: Any) -> bytes:
    return json.dumps(document).encode()


def lines(*documents: Any) -> bytes:
    return b"".join(whole(one) + b"\n" for one in documents)


def named(*documents: dict[str, Any]) -> bytes:
    return b"".join(
        b"event: " + one["type"].encode() + b"\ndata: " + whole(one) + b"\n\n" for one in documents
    )

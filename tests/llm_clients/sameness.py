"""What has to be the same of a call that was made directly and through the proxy, and what need not be."""

import re
from collections.abc import Iterable
from typing import Any

from tests.llm_clients.running import Exchange, Way
from tests.llm_clients.upstream import Asked

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})
"""They belong to one connection, and there are two with a proxy."""
_BOUNDARY = re.compile(rb"boundary=([0-9a-f]+)")


def received(way: Way) -> list[Any]:
    """Give what a client received but for the bodies: of each HTTP call the status and the headers."""
    return [(one.status, _kept(one.headers)) for one in way.exchanges]


def other_bodies(direct: Way, proxied: Way, left_early: bool) -> list[tuple[bytes, bytes]]:
    """Give the undecoded bodies that differ; of a stream that its client left, what came before is chance."""
    pairs = zip(direct.exchanges, proxied.exchanges, strict=True)
    return [
        (one.body, other.body)
        for one, other in pairs
        if not _same(one, other, left_early and _is_stream(one))
    ]


def arrived(way: Way) -> list[Any]:
    """Give what reached the upstream, but for the address and what httpx makes anew for every form."""
    return [_arrived(one) for one in way.asked]


def told(result: Any, made_up: Iterable[str] = ()) -> Any:
    """Give what an SDK made of it, without the fields that it makes up where the provider says nothing."""
    if isinstance(result, dict):
        return {name: told(value, made_up) for name, value in result.items() if name not in made_up}
    return [told(one, made_up) for one in result] if isinstance(result, list) else result


def _same(one: Exchange, other: Exchange, left_early: bool) -> bool:
    shorter, longer = sorted((one.body, other.body), key=len)
    return bool(shorter) and longer.startswith(shorter) if left_early else shorter == longer


def _is_stream(exchange: Exchange) -> bool:
    return ("transfer-encoding", "chunked") in exchange.headers


def _kept(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in HOP_BY_HOP]


def _arrived(asked: Asked) -> Any:
    headers = sorted(one for one in _kept(asked.headers) if one[0] != "host")
    if not asked.body and asked.method not in {"POST", "PUT", "PATCH"}:
        # Nothing, said or unsaid: RFC 9110, 8.6.
        headers = [one for one in headers if one != ("content-length", "0")]
    plain = (asked.method, headers, asked.body)
    boundary = _BOUNDARY.search(dict(asked.headers).get("content-type", "").encode())
    return _without(boundary[1], plain) if boundary else plain


def _without(boundary: bytes, plain: tuple[str, list[tuple[str, str]], bytes]) -> Any:
    method, headers, body = plain
    text = boundary.decode()
    return method, [(name, value.replace(text, "")) for name, value in headers], body.replace(boundary, b"")

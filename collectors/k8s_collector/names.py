"""Ids of entities in the log, made from Kubernetes' names; pure."""

import hashlib

MAX_ID = 256
_DIGEST = 16


def entity_id(*parts: str) -> str:
    """Join names with slashes; what is too long for an id keeps its beginning and gets a digest."""
    name = "/".join(parts)
    if len(name) <= MAX_ID:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: MAX_ID - _DIGEST - 1]}#{digest}"

"""Names of the cluster as ids of the snapshot: those that are too long stay different. Pure."""

from hashlib import sha256

MAX_CHARACTERS = 256
_DIGEST_CHARACTERS = 16


def id_of(name: str) -> str:
    """Give a name of any length as an id: a long one is cut, and ends in a part of its hash."""
    if len(name) <= MAX_CHARACTERS:
        return name
    digest = sha256(name.encode(errors="surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{name[: MAX_CHARACTERS - _DIGEST_CHARACTERS - 1]}~{digest}"

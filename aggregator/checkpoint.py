"""An environment's state and offset, as bytes that a later owner starts from (DESIGN §4.4). Pure."""

import msgspec
import zstandard

from aggregator.tables import State

VERSION = 1
LEVEL = 3


class Saved(msgspec.Struct):
    """What is kept: the partition's time and last mark in milliseconds, and the environment's state."""

    version: int
    time_ms: int
    mark_ms: int
    state: State


class UnreadableCheckpoint(ValueError):  # noqa: N818 - named for the state it reports
    """The checkpoint is damaged, or of another version."""


_DECODER = msgspec.msgpack.Decoder(Saved)


def encode(saved: Saved) -> bytes:
    """Give the bytes of a checkpoint."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.msgpack.encode(saved))


def decode(data: bytes) -> Saved:
    """Read a checkpoint. Raises UnreadableCheckpoint."""
    try:
        saved = _DECODER.decode(zstandard.ZstdDecompressor().decompress(data))
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise UnreadableCheckpoint(str(error)) from None
    if saved.version != VERSION:
        raise UnreadableCheckpoint(f"version {saved.version}, and this aggregator reads {VERSION}")
    return saved

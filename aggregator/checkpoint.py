"""An environment's state and offset, as bytes that a later owner starts from (DESIGN §4.4). Pure."""

import msgspec
import zstandard

from aggregator.state import State

VERSION = 4
LEVEL = 3


class Position(msgspec.Struct, frozen=True):
    """A place in a partition: the offset, and the time and last mark there, in milliseconds."""

    offset: int
    time_ms: int
    mark_ms: int


class Saved(msgspec.Struct):
    """What is kept: where the environment goes on, where the partition is to be read from, and the state.

    `safe` lies before `at` when another environment of the partition has no checkpoint of its own yet: its
    records are read again, and this environment ignores them.
    """

    version: int
    at: Position
    safe: Position
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

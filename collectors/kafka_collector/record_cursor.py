"""Reads the fields of a record of the group coordinator one after another; used by `offset_records` only.

The types are those of the Kafka protocol guide ("Protocol Primitive Types"); a flexible version has compact
strings and arrays (length + 1 as a varint) and ends each structure with tagged fields (KIP-482).
"""

import base64
import struct

from schema.errors import UnreadableRecord

_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")


class Cursor:
    """A place in the bytes of one record; every method raises UnreadableRecord when they end too early."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    def int16(self) -> int:
        """Read a big-endian signed number of two bytes."""
        value: int = _INT16.unpack(self.take(2))[0]
        return value

    def int32(self) -> int:
        """Read a big-endian signed number of four bytes."""
        value: int = _INT32.unpack(self.take(4))[0]
        return value

    def varint(self) -> int:
        """Read an unsigned number of 32 bits, seven bits a byte, the lowest first."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise UnreadableRecord("a varint of more than five bytes")

    def string(self) -> str:
        """Read a string, null as an empty one."""
        length = self.int16()
        return "" if length == -1 else _text(self.take(length))

    def compact_string(self) -> str:
        """Read a compact string, null as an empty one."""
        return _text(self.compact_blob())

    def blob(self) -> bytes:
        """Read bytes, null as empty ones."""
        length = self.int32()
        return b"" if length == -1 else self.take(length)

    def compact_blob(self) -> bytes:
        """Read compact bytes, null as empty ones."""
        return self.take(max(self.varint() - 1, 0))

    def count(self, compact: bool = False) -> int:
        """Read how many elements an array has, null as none."""
        count = self.varint() - 1 if compact else self.int32()
        # An element takes a byte at least: so a broken count costs no time.
        if count < -1 or count > len(self._data) - self._at:
            raise UnreadableRecord(f"an array of {count} elements in {len(self._data)} bytes")
        return max(count, 0)

    def topic_id(self) -> str:
        """Read a UUID, in the form in which Kafka prints it: URL-safe base64 without padding."""
        return base64.urlsafe_b64encode(self.take(16)).rstrip(b"=").decode()

    def tagged(self) -> None:
        """Skip tagged fields."""
        for _ in range(self.varint()):
            self.varint()
            self.take(self.varint())

    def end(self) -> None:
        """Raise when something is left."""
        if self._at != len(self._data):
            raise UnreadableRecord(f"{len(self._data) - self._at} bytes are left")

    def take(self, length: int) -> bytes:
        """Read so many bytes."""
        end = self._at + length
        if length < 0 or end > len(self._data):
            raise UnreadableRecord(f"{length} bytes wanted at {self._at} of {len(self._data)}")
        found = self._data[self._at : end]
        self._at = end
        return found


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UnreadableRecord(f"not UTF-8: {error.reason}") from None

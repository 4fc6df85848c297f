"""Bytes of a watch → whole lines, however they were cut; pure.

A line is one event; what follows the last newline is kept for the next bytes, or lost with the connection
(the watch resumes before it). A line longer than the bound is passed over without being kept.
"""

MAX_LINE_BYTES = 32 * 2**20
"""Etcd keeps objects below 1.5 MiB; what is larger than this comes from no cluster in order."""


class Lines:
    """Cuts one connection's bytes."""

    def __init__(self, bound_bytes: int = MAX_LINE_BYTES) -> None:
        self._bound = bound_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._passing = False
        self.passed_over = 0

    def cut(self, data: bytes) -> list[bytes]:
        """Give the lines that these bytes complete."""
        *whole, rest = data.split(b"\n")
        lines = []
        for part in whole:
            self._keep(part)
            line = self._take()
            if line:
                lines.append(line)
        self._keep(rest)
        return lines

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._bound:
            self._passing = True
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _take(self) -> bytes:
        self.passed_over += self._passing
        line = b"" if self._passing else b"".join(self._parts)
        self._parts, self._size, self._passing = [], 0, False
        return line

"""A measured process, seen from outside: it says lines, is told lines, and never outlives its parent."""

import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

ANSWER_SECONDS = 120.0
T = TypeVar("T")


class Child:
    """A module of the benchmarks (`kafka.ours`) as a process of its own; what it says on stderr is kept."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.module = module
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - `end` closes it
        self._process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", f"benchmarks.{module}", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, text=True,
            start_new_session=True,  # Ctrl-C at the terminal is for us, who then end it
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def line(self, seconds: float = ANSWER_SECONDS) -> str:
        """Give the next line that it says. Raises RuntimeError when none comes in time, or at its end."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise RuntimeError(f"{self.module} said nothing for {seconds:.0f} s{self._told()}") from None
        if not line:
            raise RuntimeError(f"{self.module} has ended with {self._process.wait()}{self._told()}")
        return line.strip()

    def wait_for(self, word: str, seconds: float) -> None:
        """Wait for this line. Raises RuntimeError with what it said instead."""
        line = self.line(seconds)
        if line != word:
            raise RuntimeError(f"{self.module} said {line} instead of {word}{self._told()}")

    def result(self, kind: type[T], seconds: float = ANSWER_SECONDS) -> T:
        """Give what it says next, a line of JSON. Raises RuntimeError without one."""
        line = self.line(seconds)
        try:
            return msgspec.json.decode(line, type=kind)
        except msgspec.MsgspecError as error:
            raise RuntimeError(f"{self.module} said {line[:200]}: {error}{self._told()}") from None

    def tell(self, line: str) -> None:
        """Write a line to it. Raises RuntimeError when it has ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except OSError:
            raise RuntimeError(f"{self.module} has ended{self._told()}") from None

    def end(self) -> None:
        """End it, whatever it does; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._words.close()

    def _told(self) -> str:
        self._words.seek(0)
        words = self._words.read().decode(errors="replace")
        return f":\n{words[-2000:]}" if words else ""

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")


@contextmanager
def child(module: str, *arguments: str) -> Iterator[Child]:
    """Run a process while the block runs."""
    started = Child(module, *arguments)
    try:
        yield started
    finally:
        started.end()


def result_of(kind: type[T], seconds: float, module: str, *arguments: str) -> T:
    """Run a process until it has said its result. Raises RuntimeError when there is none."""
    with child(module, *arguments) as one:
        return one.result(kind, seconds)

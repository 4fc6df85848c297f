"""A measured process, seen from outside: started, waited for, asked, ended."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from benchmarks.kubernetes.readings import READ, Reading

_READING = msgspec.json.Decoder(Reading)
_ANSWER_SECONDS = 120.0


class Process:
    """One of `benchmarks.kubernetes`'s modules, run as a process of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.kubernetes.{module}", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,  # Ctrl-C at the terminal is for us, who then end it
        )  # fmt: skip
        self.pid = self._process.pid
        self._lines: queue.Queue[str] = queue.Queue()
        self._words: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, daemon=True), threading.Thread(target=self._hear, daemon=True)
        ]  # fmt: skip
        for reader in self._readers:
            reader.start()

    def wait_for(self, word: str, seconds: float) -> None:
        """Wait for this line. Raises RuntimeError with what it said instead, or at its end."""
        line = self.line(seconds)
        if line != word:
            raise RuntimeError(f"{self.module} said {line} instead of {word}{self._told()}")

    def line(self, seconds: float = _ANSWER_SECONDS) -> str:
        """Give the next line that it says. Raises RuntimeError when there is none."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            line = ""
        if not line:
            raise RuntimeError(f"{self.module} said nothing{self._told()}")
        return line.strip()

    def tell(self, line: str) -> None:
        """Write a line to it. Raises RuntimeError when it has ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except OSError:
            raise RuntimeError(f"{self.module} has ended{self._told()}") from None

    def read(self, asked: str = READ) -> Reading:
        """Ask it for a reading, or with COLLECT for one without garbage. Raises RuntimeError without one."""
        self.tell(asked)
        return _READING.decode(self.line())

    def end(self) -> None:
        """End it, whatever it does; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _told(self) -> str:
        return ":\n" + "".join(self._words)[-2000:] if self._words else ""

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _hear(self) -> None:
        assert self._process.stderr is not None
        self._words += self._process.stderr


@contextmanager
def process(module: str, *arguments: str) -> Iterator[Process]:
    """Run a measured process while the block runs."""
    started = Process(module, *arguments)
    try:
        yield started
    finally:
        started.end()

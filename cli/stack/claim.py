"""Being the one `oracle up` of a stack, and what signals mean to it."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cli.stack.errors import StackError
from cli.stack.settings import Stack
from cli.stack.supervise import Supervisor

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def claimed(stack: Stack) -> Iterator[None]:
    """Be the only `oracle up` of this directory; raise StackError when the stack runs already."""
    stack.home.mkdir(parents=True, exist_ok=True)
    directory = os.open(stack.home, os.O_RDONLY)
    try:
        try:
            # The lock is on the directory itself: no file is left behind, and the kernel frees it.
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            running = Supervisor(stack.home).alive()
        except BlockingIOError:
            running = True
        if running:
            raise StackError("it is running already: `oracle status` shows it, `oracle down` stops it")
        yield
    finally:
        os.close(directory)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end us as Ctrl-C does."""
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_wait() -> Iterator[None]:
    """Ignore impatience while parts stop: each has its time limit."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

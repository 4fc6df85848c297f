"""Being the one `oracle up` of a stack, and what signals mean to it."""

import fcntl
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cli.stack.errors import StackError
from cli.stack.settings import Stack
from cli.stack.supervise import Supervisor

_UNWRITABLE = re.compile(r"[\r\n]|\s[;#]")
"""What its configuration file takes for an end or a comment, however it is quoted."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def claimed(stack: Stack) -> Iterator[None]:
    """Be the only `oracle up` of this directory; raise StackError when the stack runs already."""
    _check_home(stack.home)
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


def _check_home(home: Path) -> None:
    """Make the directory. Raises StackError when it cannot be had, or supervisord cannot write its name."""
    if _UNWRITABLE.search(str(home)):
        raise StackError(
            f"ORACLE_HOME {str(home)!r} has a line break, or a # or ; after a blank: choose another"
        )
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"ORACLE_HOME {home} cannot be used: {error.strerror}") from None
    if not os.access(home, os.W_OK | os.X_OK):
        raise StackError(f"ORACLE_HOME {home} cannot be used: it is not ours to write to")


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

"""How a measured process ends with its parent: when its standard input ends, so does it."""

import os
import sys
import threading


def ends_with_parent() -> None:
    """Watch standard input in a thread; for processes that are told nothing."""
    threading.Thread(target=_watch, name="parent", daemon=True).start()


def _watch() -> None:
    sys.stdin.read()
    os._exit(1)

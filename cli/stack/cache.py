"""What the local stack downloads or builds, kept outside the repository so that a second run is quick."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_directory() -> Path:
    """Give the cache: ORACLE_CACHE, else `~/.cache/oracle-monitor`."""
    named = os.environ.get("ORACLE_CACHE")
    return Path(named).expanduser().absolute() if named else Path.home() / ".cache" / "oracle-monitor"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, waiting for whoever has it; the kernel frees it when we die."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cached(name: str, fill: Callable[[Path], None]) -> Path:
    """Give a directory of the cache, filling it first when it is not there.

    It appears whole or not at all: `fill` writes beside it, a rename puts it in place, and of several
    callers one fills while the others wait.
    """
    target = cache_directory() / name
    if target.is_dir():
        return target
    with locked(cache_directory() / f".{name}.lock"):
        if target.is_dir():
            return target
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{name}-"))
        try:
            fill(fresh)
            fresh.chmod(0o755)
            fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return target

"""The whole part of the LLM proxy, in the order in which it runs."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Section
from benchmarks.llm import plain, streaming
from benchmarks.llm.servers import field
from cli.stack.jars import missing

_PROGRAMS = {"wrk": "wrk", "nginx": "nginx-light", "setpriv": "util-linux"}


def lacking() -> str:
    """Say why this part cannot run here; empty when it can."""
    packages = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
    if packages:
        return f"programs are missing: apt-get install -y {' '.join(packages)}"
    return missing() or ""


def measure(seconds: int, say: Callable[[str], None]) -> Iterator[Section]:
    """Measure our proxy and its peers; raises RuntimeError or StackError when something fails."""
    with tempfile.TemporaryDirectory(prefix="oracle-bench-llm-") as directory:
        folder = Path(directory)
        with field(folder, streaming=False, say=say) as all_of:
            found = plain.measure(all_of, folder, seconds, say)
            yield from plain.sections(all_of, found, seconds)
    with (
        tempfile.TemporaryDirectory(prefix="oracle-bench-llm-") as directory,
        field(Path(directory), streaming=True, say=say) as all_of,
    ):
        yield streaming.measure(all_of, say)

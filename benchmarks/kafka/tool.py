"""The other peer: Kafka's own consumer-groups tool, describing all groups."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cli.stack.broker import ENVIRONMENT_KEPT
from cli.stack.errors import StackError
from tests.kafka.tool import GroupsTool, OffsetRow, offset_rows

_TIMEOUT_MS = 300_000


@dataclass(frozen=True)
class Described:
    """What the tool took, in seconds and bytes, and the rows that it printed."""

    seconds: float
    cpu_seconds: float
    peak_rss: int
    rows: list[OffsetRow]


def describe(bootstrap_servers: str) -> Described:
    """Describe all groups. Raises PartMissing without Java, StackError when the tool fails."""
    command = [*GroupsTool(bootstrap_servers).command("--offsets"), "--timeout", str(_TIMEOUT_MS)]
    environment = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="oracle-bench-tool-") as directory:
        printed, errors = Path(directory) / "printed", Path(directory) / "errors"
        with printed.open("wb") as out, errors.open("wb") as wrong:
            began = time.perf_counter()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=wrong, env=environment
            )
            try:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            finally:
                process.kill()  # after Ctrl-C; what has ended takes no signal
            seconds = time.perf_counter() - began
        said = printed.read_text()
        if process.returncode or "\nError: " in f"\n{said}":
            raise StackError(f"Kafka's tool failed:\n{(errors.read_text() + said)[-2000:]}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Described(seconds, cpu_seconds, 1024 * usage.ru_maxrss, list(offset_rows(said)))

"""One run of wrk, a load generator in C: it asks as fast as it is answered, over so many connections."""

import subprocess
from pathlib import Path

import msgspec


class Load(msgspec.Struct, frozen=True):
    """What wrk measured; latencies in microseconds."""

    requests: int
    seconds: float
    p50_us: int
    p99_us: int
    errors: int

    @property
    def per_second(self) -> float:
        """Give the requests answered a second."""
        return self.requests / self.seconds


def run(url: str, script: Path, connections: int, seconds: int) -> Load:
    """Ask for so long. Raises RuntimeError when something was not answered with 2xx or 3xx."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=False)
    line = done.stdout.strip().rpartition("\n")[2]
    try:
        load = msgspec.json.decode(line, type=Load)
    except msgspec.MsgspecError:
        raise RuntimeError(f"wrk said {done.stdout[-500:]}{done.stderr[-500:]}") from None
    if load.errors or not load.requests:
        raise RuntimeError(f"{load.errors} errors in {load.requests} requests to {url}")
    return load

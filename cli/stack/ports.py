"""Which ports are taken, and by whom."""

import errno
import socket
from collections.abc import Iterable

import psutil

from cli.stack.errors import PortTaken


def check_ports(wanted: Iterable[tuple[int, str, str]]) -> None:
    """Raise PortTaken when a port of (number, part, setting) is in use, or wanted twice."""
    problems: list[str] = []
    seen: dict[int, tuple[str, str]] = {}
    for number, part, setting in wanted:
        if number in seen:
            problems.append(f"{setting} and {seen[number][1]} both say {number}: change one")
        elif not _free(number):
            problems.append(
                f"port {number} ({part}) is taken by {owner(number)}: stop it or set {setting} to another"
            )
        seen[number] = (part, setting)
    if problems:
        raise PortTaken("\n".join(problems))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, or a port whose last connection just ended would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def owner(port: int) -> str:
    """Name the process that listens on a port as well as this account may know it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid is None:
                    break
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return "a process of another account"
    return "a process of another account"

"""Kafka's own consumer groups tool, run by Java, its table read into rows: the reference that lag is held to.

https://kafka.apache.org/41/operations/basic-kafka-operations/ describes it ("Managing groups"). It prints one
table for each group, a dash where it knows nothing, and its warnings on the other stream.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.stack.broker import ENVIRONMENT_KEPT
from cli.stack.jars import java, kafka_jars
from tests.kafka.tool_jars import tool_jars

_COMMAND = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
# As much memory as Kafka's own script gives its tools; the collector of the local broker.
_JAVA = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_COORDINATOR = re.compile(r"\s+\(\d+\)")


class ToolFailed(Exception):  # noqa: N818 - named for what happened
    """The tool could not do what it was asked; the text is what it said."""


@dataclass(frozen=True, slots=True)
class OffsetRow:
    """A row of `--describe --offsets`: offsets and lag in messages; None where the tool prints a dash."""

    group: str
    topic: str
    partition: int
    current_offset: int | None
    log_end_offset: int | None
    lag: int | None
    consumer_id: str | None
    host: str | None
    client_id: str | None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A row of `--describe --members`."""

    group: str
    consumer_id: str
    host: str
    client_id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class StateRow:
    """A row of `--describe --state`; `coordinator` is the broker's host and port."""

    group: str
    coordinator: str
    assignment_strategy: str | None
    state: str
    members: int


class GroupsTool:
    """The tool, pointed at one cluster; `command_config` is a file of client properties (security)."""

    def __init__(self, bootstrap_servers: str, command_config: Path | None = None) -> None:
        self._servers = bootstrap_servers
        self._config = command_config

    def offsets(self, groups: Sequence[str] = ()) -> list[OffsetRow]:
        """Describe the offsets of these groups, of all when none is named; raise ToolFailed."""
        return list(offset_rows(self.describe("--offsets", groups)))

    def members(self, groups: Sequence[str] = ()) -> list[MemberRow]:
        """Describe the members of these groups, of all when none is named; raise ToolFailed."""
        rows = table(self.describe("--members", groups))
        return [MemberRow(row[0], row[1], row[2], row[3], int(row[4])) for row in rows]

    def states(self, groups: Sequence[str] = ()) -> list[StateRow]:
        """Describe the states of these groups, of all when none is named; raise ToolFailed."""
        rows = table(_COORDINATOR.sub("", self.describe("--state", groups)))
        return [StateRow(row[0], row[1], _known(row[2]), row[3], int(row[4])) for row in rows]

    def command(self, sub_action: str, groups: Sequence[str] = ()) -> list[str]:
        """Give the command line that describes groups."""
        return [
            *(java(), *_JAVA, "-cp", f"{tool_jars()}/*:{kafka_jars()}/*", _COMMAND),
            *("--bootstrap-server", self._servers, "--describe", sub_action),
            *([part for group in groups for part in ("--group", group)] or ["--all-groups"]),
            *(["--command-config", str(self._config)] if self._config else []),
        ]

    def describe(self, sub_action: str, groups: Sequence[str] = (), timeout_seconds: float = 60) -> str:
        """Run the tool and give what it printed; raise ToolFailed when it names an error or does not end."""
        try:
            done = subprocess.run(
                self.command(sub_action, groups),
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout_seconds,
                env={name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ},
            )
        except subprocess.TimeoutExpired:
            raise ToolFailed(f"no answer within {timeout_seconds:.0f} s") from None
        said = done.stdout + done.stderr
        if done.returncode or "\nError: " in f"\n{said}":
            raise ToolFailed(said.strip()[:2000])
        return done.stdout


def offset_rows(printed: str) -> Iterator[OffsetRow]:
    """Read what `--offsets` printed; a member that was given no partition has no row."""
    for row in table(printed):
        if row[1] != "-":
            yield OffsetRow(
                row[0], row[1], int(row[2]), _number(row[3]), _number(row[4]), _number(row[5]),
                _known(row[6]), _known(row[7]), _known(row[8]),
            )  # fmt: skip


def table(printed: str) -> Iterator[list[str]]:
    """Give the cells of every row, headings left out."""
    for line in printed.splitlines():
        cells = line.split()
        if cells and cells[0] != "GROUP":
            yield cells


def _number(cell: str) -> int | None:
    return None if cell == "-" else int(cell)


def _known(cell: str) -> str | None:
    return None if cell == "-" else cell

"""One visible line per part while the stack starts or stops: live on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

Word = Literal["waits", "starting", "waiting", "ready", "failed", "stopping", "stopped"]
_STYLE: dict[Word, str] = {"ready": "green", "failed": "bold red", "stopped": "dim", "waits": "dim"}
_MOVING = ("starting", "waiting", "stopping")


@dataclass
class _Row:
    word: Word = "waits"
    detail: str = ""
    since: float = 0.0


class Board:
    """Shows what each part does; `tell` changes a part's line."""

    def __init__(self, console: Console, parts: Iterable[str]) -> None:
        self._console = console
        self._rows = {part: _Row() for part in parts}
        self._spinner = Spinner("dots")
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def tell(self, part: str, word: Word, detail: str = "") -> None:
        """Show a part's state; the same again is not repeated."""
        row = self._rows.setdefault(part, _Row())
        if row.word not in _MOVING or word == "stopping":
            row.since = time.monotonic()
        if (row.word, row.detail) == (word, detail):
            return
        row.word, row.detail = word, detail
        if not self._console.is_terminal:
            self._console.print(Text(f"{part}: {self._phrase(row)}"), soft_wrap=True)

    def say(self, line: str, style: str = "") -> None:
        """Print a line above the board."""
        self._console.print(Text(line, style=style), soft_wrap=True)

    @staticmethod
    def _phrase(row: _Row) -> str:
        if row.word == "waiting":
            return f"waiting for {row.detail}"
        if row.word in ("ready", "stopped"):
            return f"{row.word} {row.detail}".rstrip()
        return f"{row.word}{': ' + row.detail if row.detail else ''}"

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        width = max(20, self._console.width - 28)
        for part, row in self._rows.items():
            mark = (
                self._spinner
                if row.word in _MOVING
                else Text({"ready": "✓", "failed": "✗"}.get(row.word, "·"))
            )
            phrase = self._phrase(row)
            if row.word in _MOVING:
                phrase = f"{time.monotonic() - row.since:3.0f} s  {phrase}"
            table.add_row(mark, part, Text(phrase[:width], style=_STYLE.get(row.word, "")))
        return table

"""The benchmarks' results, for people and for machines."""

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Section, number

LATEST = Path(__file__).parent / "results" / "latest.json"
"""The newest results; not kept in the repository, for they belong to one machine."""


def machine() -> dict[str, object]:
    """Say what the numbers were measured on; nothing that names it."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {
        "cores": os.cpu_count() or 1,
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_1_min": round(load, 2),
    }


def show(sections: Sequence[Section], console: Console) -> None:
    """Print one table for each benchmark."""
    for section in sections:
        table = Table(box=None, pad_edge=False, title=section.title, title_justify="left", title_style="bold")
        table.add_column("", min_width=44, no_wrap=True)
        for name in ("measured", section.column, "ratio"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in section.rows:
            least = row.floor if row.peer is None else row.peer
            beside = "" if least is None else f"{number(least)} {row.unit}"
            ratio = "" if row.ratio is None else f"{number(row.ratio)}×"
            table.add_row(row.name, f"{number(row.value)} {row.unit}", beside, ratio)
        console.print(table)
        beside = section.peer or section.floor
        for note in (*([f"{section.column}: {beside}"] if beside else ()), *section.notes):
            console.print(f"  {note}", style="dim", markup=False, highlight=False, soft_wrap=True)
        console.print()


def as_json(sections: Sequence[Section]) -> bytes:
    """Give everything as one JSON document."""
    document = {"machine": machine(), **{one.name: one.as_json() for one in sections}}
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def save(document: bytes, path: Path = LATEST) -> None:
    """Write the results where the next reader looks for them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document + b"\n")


def say(text: str) -> None:
    """Tell of the progress, beside what is piped away."""
    print(text, file=sys.stderr, flush=True)

"""`.env.example` lists every setting with its default, and nothing else."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

import agents
import aggregator
import api
import cli
import collectors
import runtime
from runtime.settings import BaseSettings, load

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SETTING = re.compile(r"^#([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
ELSEWHERE = re.compile(r"^# ([A-Z]+_[A-Z0-9_]+)(?:  |$)", re.MULTILINE)
SOURCES = (
    *(path for name in ("cli", "collectors") for path in (ROOT / name).rglob("*.py")),
    *(ROOT / "frontend" / "src").rglob("*.ts"),
    ROOT / "frontend" / "vite.config.ts",
)


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import a package whole; what has no `main` guard would not return from here."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def settings_classes() -> list[type[BaseSettings]]:
    for package in (agents, aggregator, api, cli, collectors, runtime):
        list(modules(package))
    waiting, found = [BaseSettings], []
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if not kind.__module__.startswith("tests"):
            found.append(kind)
    return sorted(found, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


CLASSES = settings_classes()


def test_every_field_of_every_settings_class_is_listed_and_nothing_else_is() -> None:
    listed = [name for name, _ in SETTING.findall(EXAMPLE)]
    fields = {field.name.upper() for kind in CLASSES for field in msgspec.structs.fields(kind)}
    assert len(CLASSES) >= 10
    assert sorted(listed) == sorted(fields)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_uncommenting_every_line_changes_no_setting(kind: type[BaseSettings], tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(SETTING.sub(r"\1=\2", EXAMPLE), encoding="utf-8")
    assert load(kind, {}, dotenv) == kind()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_default_that_is_not_empty_is_written_out(kind: type[BaseSettings]) -> None:
    written = dict(SETTING.findall(EXAMPLE))
    for name, default in msgspec.structs.asdict(kind()).items():
        assert bool(written[name.upper()]) == (default not in ("", ())), name.upper()


def test_what_is_read_elsewhere_is_named_in_the_code() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    names = ELSEWHERE.findall(EXAMPLE)
    assert names
    assert [name for name in names if name not in code] == []

"""What a module imports, directly and through our own modules, read from the source without running it."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
OURS = {path.parent.name for path in ROOT.glob("*/__init__.py")}


SHARED_NAMES = frozenset({"google", "opentelemetry"})
"""Top-level names that many distributions share: the name below says whose it is."""


class Imports(NamedTuple):
    """Our own files and the names of other people's packages: top-level ones, but of shared names two."""

    files: set[Path]
    packages: set[str]


def imports_of(modules: Iterable[str]) -> Imports:
    """Follow every import from these modules, also inside functions, but not those that only types need."""
    waiting, seen = list(modules), set[str]()
    found = Imports(set(), set())
    while waiting:
        name = waiting.pop()
        path = file_of(name)
        if name in seen or path is None:
            continue
        seen.add(name)
        found.files.add(path.relative_to(ROOT))
        # A module brings the packages that it lies in.
        waiting.append(name.rpartition(".")[0])
        for imported in _names(ast.parse(path.read_text(encoding="utf-8"))):
            top = imported.partition(".")[0]
            if top in OURS:
                waiting.append(imported)
            elif top not in sys.stdlib_module_names:
                found.packages.add(".".join(imported.split(".")[: 1 + (top in SHARED_NAMES)]))
    return found


def modules_below(folder: str) -> list[str]:
    """Give the names of all modules of one of our folders."""
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / folder).rglob("*.py")
    ]


def file_of(module: str) -> Path | None:
    """Give a module's file; None for a name that is not one of our modules."""
    base = ROOT / module.replace(".", "/")
    candidates = (base.with_suffix(".py"), base / "__init__.py") if module else ()
    return next((path for path in candidates if path.is_file()), None)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for other in node.orelse:
            yield from _names(other)
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "our imports are absolute"
        assert node.module is not None
        yield node.module
        # `from package import module` brings the module.
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _names(child)

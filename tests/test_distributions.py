"""Our top-level packages are ours: no other distribution in the environment has one of their names.

`agents` and `schema` are also import names of the PyPI distributions openai-agents and schema.
"""

import importlib
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_brings_a_package_of_our_name(package: str) -> None:
    others = set(packages_distributions().get(package, [])) - {PROJECT["project"]["name"]}
    assert others == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_our_package_is_imported_from_this_checkout(package: str) -> None:
    module = importlib.import_module(package)
    assert [Path(path).resolve() for path in module.__path__] == [ROOT / package]


def test_every_top_level_package_is_in_the_lists_of_build_types_and_imports() -> None:
    on_disk = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert on_disk == set(PACKAGES)
    assert on_disk <= set(PROJECT["tool"]["mypy"]["packages"])
    assert on_disk == set(PROJECT["tool"]["importlinter"]["root_packages"])

"""Every image holds its own folder, the runtime and the schema, and its own packages only (DESIGN §2)."""

import re
from collections.abc import Mapping
from importlib.metadata import files, packages_distributions
from pathlib import Path

import pytest

from tests.images.files import Image, asked_for, images, pins
from tests.images.imports import ROOT, imports_of, modules_below

IMAGES = images()
EVERY_IMAGE = pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.folder)
LOCKS = [*sorted(ROOT.glob("requirements*.txt")), *(ROOT / one.folder / "requirements.txt" for one in IMAGES)]
EVERY_LOCK = pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
SHARED = {
    "schema", "runtime", "infrastructure/supabase/migrations", "agents/__init__.py", "agents/base",
    "collectors/__init__.py", "collectors/base", "cli/__init__.py",
}  # fmt: skip
CHOSEN_BY_NAME = {"httptools": "uvicorn"}
"""Packages that no line of ours imports: the other package does, where it is told to."""


def distributions(packages: set[str]) -> set[str]:
    known = packages_distributions()
    return {re.sub(r"[._-]+", "-", owner_of(package, known)).lower() for package in packages}


def owner_of(package: str, known: Mapping[str, list[str]]) -> str:
    """Give the distribution that a package is from; several may have a top-level name in common."""
    top, shared, _ = package.partition(".")
    if not shared:
        return known[top][0]
    folder = package.replace(".", "/") + "/"
    (owner,) = {name for name in known[top] if any(str(one).startswith(folder) for one in files(name) or ())}
    return owner


def test_every_service_has_an_image() -> None:
    collectors = {path.parent for path in ROOT.glob("collectors/*_collector/collector.py")}
    agents = {path.parent for path in ROOT.glob("agents/*/agent.py")} - {ROOT / "agents" / "base"}
    folders = {str(path.relative_to(ROOT)) for path in collectors | agents}
    assert {image.folder for image in IMAGES} == {"aggregator", "api", "cli/demo", *folders}


@EVERY_IMAGE
def test_an_image_runs_as_nobody_in_particular_and_tells_its_health(image: Image) -> None:
    stage = image.text.rpartition("FROM ")[2]
    assert stage.startswith("python:3.11-slim\n")
    assert "\nUSER 10001:10001\n" in stage
    assert "PYTHONUNBUFFERED=1" in stage
    assert re.search(r"^HEALTHCHECK .*/health", stage, re.MULTILINE)
    assert "--require-hashes" in stage
    assert re.search(r"\w+_HOST=0\.0\.0\.0", stage)


@EVERY_IMAGE
def test_an_image_holds_every_module_that_its_service_imports(image: Image) -> None:
    missing = {path for path in imports_of([image.module]).files if not image.holds(path)}
    assert missing == set()


@EVERY_IMAGE
def test_an_image_holds_no_other_service(image: Image) -> None:
    assert set(image.copied) - SHARED == {image.folder}
    assert all(source == target for source, target in image.copied.items())


@EVERY_IMAGE
def test_an_image_that_uses_the_store_holds_its_migrations(image: Image) -> None:
    uses_store = any(path.match("runtime/store/migrations.py") for path in imports_of([image.module]).files)
    assert ("infrastructure/supabase/migrations" in image.copied) == uses_store


@EVERY_IMAGE
def test_every_package_that_a_service_imports_is_in_its_lock(image: Image) -> None:
    imported = imports_of([image.module, *modules_below(image.folder)])
    assert distributions(imported.packages) <= pins(image.lock).keys()


@EVERY_IMAGE
def test_a_service_asks_for_no_package_that_it_does_not_import(image: Image) -> None:
    used = distributions(imports_of([image.module, *modules_below(image.folder)]).packages)
    chosen = {name for name, by in CHOSEN_BY_NAME.items() if by in used}
    assert asked_for(ROOT / image.folder / "requirements.in") - used - chosen == set()


@EVERY_IMAGE
def test_a_lock_has_what_was_asked_for_in_the_versions_of_the_whole(image: Image) -> None:
    own, whole = pins(image.lock), pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert asked_for(ROOT / image.folder / "requirements.in") <= own.keys()
    assert {name: pin for name, pin in own.items() if whole.get(name) != pin} == {}


@EVERY_LOCK
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert all(hashes for _, hashes in pins(text).values())

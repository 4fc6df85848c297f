"""Dockerfiles and requirements as data."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.images.imports import ROOT

_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)
_NAME = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[.*\])?$", re.MULTILINE)


@dataclass(frozen=True)
class Image:
    """One service's image: the folder of its Dockerfile, what is copied into it, and what it runs."""

    folder: str

    @property
    def text(self) -> str:
        """The Dockerfile, with continued lines joined."""
        return (ROOT / self.folder / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")

    @property
    def lock(self) -> str:
        """The packages that it installs."""
        return (ROOT / self.folder / "requirements.txt").read_text(encoding="utf-8")

    @property
    def copied(self) -> dict[str, str]:
        """Of the last stage: source → place below the working directory, but the requirements."""
        stage = self.text.rpartition("FROM ")[2]
        pairs = re.findall(r"^COPY (?!--)(\S+) (\S+)$", stage, re.MULTILINE)
        return {source: target for source, target in pairs if not source.endswith("requirements.txt")}

    @property
    def module(self) -> str:
        """The module that it runs."""
        found = re.search(r"^CMD (\[.*\])$", self.text.rpartition("FROM ")[2], re.MULTILINE)
        assert found is not None
        python, option, module = json.loads(found[1])
        assert (python, option) == ("python", "-m")
        return str(module)

    def holds(self, path: Path) -> bool:
        """Say whether a file of this repository is in the image."""
        return any(path == Path(source) or Path(source) in path.parents for source in self.copied)


def images() -> list[Image]:
    """Give every image of this repository."""
    return [
        Image(str(path.parent.relative_to(ROOT)))
        for pattern in ("*/Dockerfile", "*/*/Dockerfile")
        for path in sorted(ROOT.glob(pattern))
    ]


def pins(lock: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Give name → version and hashes of a requirements file."""
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    return {
        found[1]: (found[2], frozenset(re.findall(r"sha256:[0-9a-f]{64}", entry)))
        for entry in entries
        if (found := _PIN.match(entry))
    }


def asked_for(path: Path) -> set[str]:
    """Give the names that a requirements.in asks for, with those of the files that it includes."""
    text = path.read_text(encoding="utf-8")
    names = set(_NAME.findall(text))
    for included in re.findall(r"^-r (\S+)$", text, re.MULTILINE):
        names |= asked_for(path.parent / included)
    return names

"""The clients' environments: made whole or not at all, and never a silent skip."""

from pathlib import Path

import pytest

from cli.stack.errors import StackError
from tests.llm_clients.environments import LOCKS, python_of


@pytest.mark.parametrize("name", ["sdk", "litellm"])
def test_every_package_of_a_lock_is_pinned_and_hashed_and_no_address_is_named(name: str) -> None:
    lines = (LOCKS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    packages = [line for line in lines if not line.startswith(" ")]
    assert packages
    assert all("==" in line and line.endswith(" \\") for line in packages)
    assert all(line.strip().startswith("--hash=sha256:") for line in lines if line.startswith(" "))


def test_without_a_registry_it_fails_with_a_clear_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(StackError, match="a package registry must be reachable"):
        python_of("sdk")
    assert [one.name for one in (tmp_path / "cache").iterdir() if one.is_dir()] == []

"""Beginning a stack: a directory that cannot be used is told, and an interrupted start leaves nothing."""

import os
from pathlib import Path

import pytest

from cli.stack.claim import claimed
from cli.stack.errors import StackError
from cli.stack.orphans import find_orphans
from cli.stack.settings import load_stack
from cli.stack.supervise import Supervisor, launch, render
from cli.stack.upstream import Upstream


@pytest.mark.parametrize("name", ["file/below", "file", "a #b", "a ;b", "a\nb"])
def test_a_home_that_cannot_be_used_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    stack = load_stack({"ORACLE_HOME": str(tmp_path / name)}, tmp_path)
    with pytest.raises(StackError, match=r"^ORACLE_HOME "), claimed(stack):
        pass


def test_an_interrupt_while_the_process_manager_starts_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = load_stack({"ORACLE_HOME": str(tmp_path)}, tmp_path)

    def interrupted(_: Supervisor) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Supervisor, "alive", interrupted)
    environment = {**os.environ, "ORACLE_STACK": str(stack.home)}
    with pytest.raises(KeyboardInterrupt):
        launch(stack, render(stack, (), Upstream("demo", True, {})), environment)
    assert find_orphans(stack.home) == []

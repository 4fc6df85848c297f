"""The benchmark's own stack is never pointed at servers that are somebody's."""

from pathlib import Path

import pytest

from benchmarks import own_stack as module
from benchmarks.own_stack import own_stack
from cli.stack.errors import StackError
from cli.stack.settings import Stack, load_stack


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[dict[str, str], str]]:
    """Keep `.env` in a directory of the test's own, and note which commands would run."""
    commands: list[tuple[dict[str, str], str]] = []

    def note(environment: dict[str, str], *arguments: str, seconds: float) -> None:
        commands.append((environment, arguments[0]))

    def load(environment: dict[str, str]) -> Stack:
        return load_stack(environment, root=tmp_path)

    monkeypatch.setattr(module, "_oracle", note)
    monkeypatch.setattr(module, "load_stack", load)
    return commands


@pytest.mark.parametrize("name", ["DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "OPENAI_API_KEY"])
def test_what_a_file_configures_is_refused_and_not_told(
    name: str, started: list[tuple[dict[str, str], str]], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{name}=secret-of-mine\n")
    with pytest.raises(StackError, match=name) as refused, own_stack():
        pass
    assert "secret" not in str(refused.value)
    assert started == []


def test_what_the_shell_configures_is_left_out_and_the_stack_is_removed_whatever_happens(
    started: list[tuple[dict[str, str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://mine")
    seen: list[Stack] = []

    def interrupted() -> None:
        with own_stack() as stack:
            assert stack.home.is_dir()
            seen.append(stack)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (stack,) = seen
    assert stack.own_database
    assert not stack.home.exists()
    assert [command for _, command in started] == ["up", "down"]
    assert all("DATABASE_URL" not in environment for environment, _ in started)

"""The bounds of what the proxy can be told, and what its sockets are told of it."""

import socket
from pathlib import Path

import pytest

from cli.stack.server import free_port
from collectors.llm_collector import collector
from collectors.llm_collector.settings import LlmSettings
from runtime.settings import load
from schema.errors import SettingError


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("LLM_PROXY_CONNECT_SECONDS", ["0.1", "86400"], ["0", "86401", "inf", "nan", "-1", "1e400"]),
        ("LLM_PROXY_SILENCE_SECONDS", ["0.1", "86400"], ["0", "86401", "inf", "nan"]),
        ("LLM_PROXY_STOP_SECONDS", ["0", "86400"], ["-1", "86401", "inf"]),
        ("LLM_PROXY_MAX_REQUEST_BYTES", ["1024", "1073741824"], ["1023", "1073741825"]),
        ("LLM_PROXY_MAX_CALLS", ["1", "100000"], ["0", "100001"]),
        ("LLM_PROXY_MAX_HEADERS", ["1", "10000"], ["0", "10001"]),
    ],
)
def test_numbers_are_taken_within_bounds_that_the_system_can_carry(
    tmp_path: Path, name: str, right: list[str], wrong: list[str]
) -> None:
    for value in right:
        load(LlmSettings, {name: value}, tmp_path / ".env")
    for value in wrong:
        with pytest.raises(SettingError, match=name):
            load(LlmSettings, {name: value}, tmp_path / ".env")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
def test_connections_inherit_a_limit_to_how_long_their_client_takes_nothing() -> None:
    port = free_port()
    settings = LlmSettings(llm_proxy_port=port, llm_proxy_silence_seconds=7.5)
    with (
        collector._listen(settings) as listening,
        socket.create_connection(("127.0.0.1", port)),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7500


def test_idle_connections_are_kept_longer_than_clients_keep_them() -> None:
    async def app(*_: object) -> None: ...

    assert collector.server_of(app, LlmSettings()).config.timeout_keep_alive > 90

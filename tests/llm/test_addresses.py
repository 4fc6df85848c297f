"""Metadata services and other forbidden addresses are never called, however they are named."""

import ipaddress
import socket
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from collectors.llm_collector import collector
from collectors.llm_collector.addresses import SafeResolver, check_literal, is_refused
from collectors.llm_collector.routes import Routes
from collectors.llm_collector.settings import LlmSettings
from schema.errors import AddressRefused, SettingError
from tests.llm.raw import raw_upstream
from tests.llm.servers import ask, proxying

REFUSED = [
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "::ffff:0.0.0.0",
]
ALLOWED = [
    "127.0.0.1",
    "10.0.0.5",
    "172.17.0.1",
    "192.168.1.2",
    "100.64.0.1",
    "8.8.8.8",
    "::1",
    "fd12::1",
    "2606:4700::1",
    "::ffff:10.0.0.5",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_never_called(address: str) -> None:
    assert is_refused(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_what_may_be_called(address: str) -> None:
    assert not is_refused(address)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[fe80::1]",
        "[::ffff:a9fe:a9fe]",
        "0",
    ],
)
def test_a_configured_literal_is_told_at_start_in_every_spelling(host: str) -> None:
    with pytest.raises(SettingError, match=r"^OPENAI_BASE_URL is wrong") as caught:
        Routes(LlmSettings(openai_base_url=f"http://{host}/v1"))
    assert host not in str(caught.value)
    with pytest.raises(SettingError, match=r"^LITELLM_PROVIDERS is wrong"):
        Routes(LlmSettings(litellm_providers=f'[{{"name": "x", "url": "http://{host}"}}]'))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.0.0.1", "ollama", "169-254-169-254.example"])
def test_other_hosts_are_taken_at_start(host: str) -> None:
    check_literal(host, "OPENAI_BASE_URL")


class Names(AbstractResolver):
    """A name server that says what the test wants."""

    def __init__(self, *told: str) -> None:
        self.told = told

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                family=socket.AF_INET6 if ipaddress.ip_address(one).version == 6 else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for one in self.told
        ]

    async def close(self) -> None:
        """Nothing to close."""


async def test_a_name_keeps_its_allowed_addresses_only() -> None:
    found = await SafeResolver(Names("169.254.169.254", "10.0.0.1", "fe80::1")).resolve("x")
    assert [one["host"] for one in found] == ["10.0.0.1"]


async def test_a_name_without_an_allowed_address_is_refused() -> None:
    with pytest.raises(AddressRefused) as caught:
        await SafeResolver(Names("169.254.169.254", "fe80::1")).resolve("x")
    assert "169.254" not in str(caught.value)


def test_a_provider_whose_name_leads_to_metadata_is_502_and_never_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collector, "SafeResolver", lambda: SafeResolver(Names("::ffff:169.254.169.254")))
    with proxying(openai_base_url="http://rebound.example") as proxy:
        status, headers, body = ask(proxy.url, "POST", "/openai/v1/chat/completions", b'{"model": "m"}')
        (call,) = proxy.kept.wait(1)
    assert status == 502
    assert dict(headers)["content-type"] == "application/problem+json"
    assert b"upstream_address_refused" in body
    assert b"169.254" not in body
    assert (call.status, call.error_type) == ("error", "upstream_address_refused")


@pytest.mark.parametrize("told", ["127.0.0.1", "localhost"])
def test_the_address_that_was_checked_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    asked: list[Any] = []

    class Changing(Names):
        async def resolve(self, *arguments: Any, **named: Any) -> list[ResolveResult]:
            asked.append(arguments)
            self.told = ("127.0.0.1",) if len(asked) == 1 else ("169.254.169.254",)
            return await super().resolve(*arguments, **named)

    monkeypatch.setattr(collector, "SafeResolver", lambda: SafeResolver(Changing()))
    with raw_upstream(after=b"{}") as upstream:
        url = upstream.url if told == "127.0.0.1" else upstream.url.replace("127.0.0.1", told)
        with proxying(openai_base_url=url) as proxy:
            assert ask(proxy.url, "POST", "/openai/v1/chat/completions", b"{}")[0] == 200
    assert len(asked) == (0 if told == "127.0.0.1" else 1)


async def test_names_are_asked_of_the_system_unless_told_otherwise() -> None:
    found = await SafeResolver().resolve("localhost", 80, socket.AF_INET)
    assert [one["host"] for one in found] == ["127.0.0.1"]

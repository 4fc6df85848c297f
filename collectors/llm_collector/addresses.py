"""Which addresses are never called, whatever a name leads to.

A provider's address comes from the configuration, but where its name leads is told by a name server, at the
time of each connection. The clouds' metadata services, which hand out credentials, and everything that
cannot be a provider are refused then. This machine and private networks are allowed: models run there too.
"""

import ipaddress
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from schema.errors import AddressRefused, SettingError

_NEVER: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8",  # unspecified; Linux takes it for this machine
        "169.254.0.0/16",  # link-local, with the metadata of AWS, Azure, Google Cloud and others
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "192.0.0.192/32",  # metadata of Oracle Cloud
        "168.63.129.16/32",  # Azure's own service for virtual machines
        "224.0.0.0/4",  # multicast
        "255.255.255.255/32",  # broadcast
        "::/128",
        "fe80::/10",
        "fd00:ec2::/32",  # metadata of AWS
        "fd20:ce::254/128",  # metadata of Google Cloud
        "ff00::/8",
    )
)
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64: the last four bytes are the address that is called."""
_COMPATIBLE = IPv6Network("::/96")


def is_refused(address: str) -> bool:
    """Say whether a literal address is never called."""
    literal = ipaddress.ip_address(address)
    return any(
        one in network for one in _meant(literal) for network in _NEVER if one.version == network.version
    )


def _meant(literal: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """Give an address, and the IPv4 address that is written within it."""
    if isinstance(literal, IPv4Address):
        return [literal]
    whole = IPv6Address(int(literal))  # without its zone
    within = whole.ipv4_mapped or whole.sixtofour
    if whole in _TRANSLATED or (whole in _COMPATIBLE and int(whole) > 1):
        within = IPv4Address(int(whole) & 0xFFFFFFFF)
    return [whole, within] if within else [whole]


def check_literal(host: str, variable: str) -> None:
    """Refuse a configured host that is itself such an address, in any of its spellings."""
    host = host.removesuffix(".")
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        try:
            address = socket.inet_ntoa(socket.inet_aton(host))  # 2852039166, 0xa9fea9fe, 169.254.43518
        except OSError:
            return  # a name: it is checked whenever it is resolved
    if is_refused(address):
        raise SettingError(
            f"{variable} is wrong: link-local, metadata and multicast addresses are never called"
        )


class SafeResolver(AbstractResolver):
    """Resolves names as the system does, and leaves out what is never called.

    The addresses that it gives are those that are connected to: no second look-up can tell another.
    """

    def __init__(self, names: AbstractResolver | None = None) -> None:
        self._names = names or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give the addresses of a name; raises AddressRefused when all are refused."""
        found = await self._names.resolve(host, port, family)
        allowed = [one for one in found if not is_refused(one["host"])]
        if found and not allowed:
            raise AddressRefused("a provider's name leads to an address that is never called")
        return allowed

    async def close(self) -> None:
        """Close what asks the name server."""
        await self._names.close()

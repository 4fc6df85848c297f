"""Which pod has an address: calls of models and consumers of topics are known by it. Pure."""

from ipaddress import IPv6Address

from aggregator.observations import Key
from schema.models import Pod
from schema.pod_health import ENDED


class Addresses:
    """The pods that run, by their addresses; follows each record of a pod."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[Key, Pod]] = {}
        self._address_of: dict[Key, str] = {}

    def put(self, key: Key, pod: Pod | None) -> None:
        """Note a pod as it was told last, or with None that it is gone; one that has ended has no address."""
        before = self._address_of.pop(key, None)
        if before is not None:
            del self._pods[before][key]
            if not self._pods[before]:
                del self._pods[before]
        if pod is None or not isinstance(pod.ip, str) or pod.status in ENDED:
            return
        address = self._address_of[key] = plain_address(pod.ip)
        self._pods.setdefault(address, {})[key] = pod

    def pod_at(self, address: str) -> tuple[Key, Pod] | None:
        """Give the only pod at an address; None where there is none, or more than one."""
        pods = self._pods.get(plain_address(address), {})
        return next(iter(pods.items())) if len(pods) == 1 else None


def plain_address(host: str) -> str:
    """Write an address in one way: a broker writes `/10.0.0.7` and `/fd00:0:0:0:0:0:0:12`."""
    text = host.removeprefix("/").partition("%")[0]
    if ":" not in text:
        return text
    try:
        address = IPv6Address(text)
    except ValueError:
        return text
    return str(address.ipv4_mapped or address)

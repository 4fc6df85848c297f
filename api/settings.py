"""What the API reads from the environment, and the one rule between those values."""

from ipaddress import ip_address

from runtime.settings import Port
from runtime.store.opening import StoreSettings
from schema.errors import SettingError


class ApiSettings(StoreSettings, frozen=True, kw_only=True):
    """Where the API listens, who may read, and where the dashboard's built files lie."""

    api_host: str = "127.0.0.1"
    api_port: Port = 8080
    oracle_api_keys: tuple[str, ...] = ()
    dashboard_dir: str = "frontend/dist"


def check(settings: ApiSettings) -> None:
    """Refuse to serve the network without a key. Raises SettingError with one line."""
    if not settings.oracle_api_keys and not is_loopback(settings.api_host):
        raise SettingError(
            "API_HOST is not a loopback address and ORACLE_API_KEYS is empty: "
            "set a key, or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Say whether a host name or address (IPv6 with or without brackets) is this machine's own."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False

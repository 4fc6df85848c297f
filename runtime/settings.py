"""Settings from the environment (SPEC §9): a wrong value ends the service at start in one line.

A service's settings are one frozen Struct whose field names are the variables in lower case. Values come
from the process, then from `.env` in the working directory; an empty value counts as not set.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_origin, get_type_hints

import msgspec
from dotenv import dotenv_values
from msgspec import Meta

from schema.errors import SettingError
from schema.types import Id

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]


class BaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every service reads; a service adds its own by subclassing."""

    oracle_environment: Id = "default"
    oracle_max_environments: Positive = 100
    oracle_strict_schema: bool = True
    oracle_ephemeral: bool = False
    oracle_log_level: Literal["debug", "info", "warning", "error"] = "info"
    oracle_log_partitions: Annotated[int, Meta(ge=1, le=1024)] = 4
    snapshot_interval_seconds: Annotated[int, Meta(ge=1, le=60)] = 2

    health_host: str = "127.0.0.1"
    health_port: Port = 0

    kafka_bootstrap_servers: Annotated[str, Meta(min_length=1)] = "kafka:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_username: str = ""
    kafka_sasl_password: str = ""
    kafka_ssl_ca_location: str = ""
    kafka_ssl_certificate_location: str = ""
    kafka_ssl_key_location: str = ""
    kafka_ssl_key_password: str = ""


S = TypeVar("S", bound=BaseSettings)


def load(kind: type[S], process: Mapping[str, str] | None = None, dotenv: Path | None = None) -> S:
    """Read a service's settings.

    Raises SettingError with one line that names the variable and what it takes, never the value.
    """
    environ = os.environ if process is None else process
    file = {k: v for k, v in dotenv_values(dotenv or Path(".env")).items() if v}
    hints = get_type_hints(kind)
    raw: dict[str, object] = {}
    for name, hint in hints.items():
        value = environ.get(name.upper()) or file.get(name.upper())
        if value:
            raw[name] = _split(value) if get_origin(hint) is tuple else value.strip()
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(_line(str(error))) from None


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _line(message: str) -> str:
    """Turn "Expected `int`, got `str` - at `$.api_port`" into one line that names the variable."""
    found = re.match(r"(?P<what>.*) - at `\$\.(?P<name>\w+)", message)
    if not found:
        return message
    what = re.sub(r", got `\w+`", "", found["what"])
    what = re.sub(r"Invalid enum value '.*'", "not one of the values it takes", what)
    return f"{found['name'].upper()} is wrong: {what[0].lower()}{what[1:]} (see .env.example)"

"""Which cluster the Kafka collector watches: by default the one that Oracle Monitor itself runs on."""

import re
from pathlib import Path
from typing import Literal

import msgspec

from collectors.base.settings import CollectorSettings
from collectors.kafka_collector.dead_letters import DEFAULT_PATTERNS
from runtime.settings import BaseSettings

MAX_PORT = 65_535
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,@/\[\]]+):\d{1,5}")
CommitsChoice = Literal["auto", "internal_topic", "admin_api"]


class KafkaSettings(CollectorSettings, frozen=True, kw_only=True):
    """The watched cluster; the security settings count only together with its bootstrap servers.

    WATCHED_KAFKA_COMMITS_FROM chooses how committed offsets are known: `auto` reads the internal topic where
    that is permitted, and asks the coordinators elsewhere.
    """

    watched_kafka_bootstrap_servers: str = ""
    watched_kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    watched_kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    watched_kafka_sasl_username: str = ""
    watched_kafka_sasl_password: str = ""
    watched_kafka_ssl_ca_location: str = ""
    watched_kafka_ssl_certificate_location: str = ""
    watched_kafka_ssl_key_location: str = ""
    watched_kafka_ssl_key_password: str = ""
    watched_kafka_include_own: bool = False
    watched_kafka_commits_from: CommitsChoice = "auto"
    watched_kafka_dead_letter_patterns: tuple[str, ...] = DEFAULT_PATTERNS

    def __post_init__(self) -> None:
        """Check what people write by hand. Raises ValueError, which `load` tells as the one line."""
        for pattern in self.watched_kafka_dead_letter_patterns:
            if not pattern.strip("*?"):
                raise _wrong("DEAD_LETTER_PATTERNS", f"every topic matches {pattern!r}")
        if self.watched_kafka_bootstrap_servers:
            self._check_watched()

    def _check_watched(self) -> None:
        for number, server in enumerate(self.watched_kafka_bootstrap_servers.split(","), start=1):
            if not _SERVER.fullmatch(server.strip()) or int(server.strip().rpartition(":")[2]) > MAX_PORT:
                raise _wrong("BOOTSTRAP_SERVERS", f"entry {number} is not host:port")
        if self.watched_kafka_security_protocol.startswith("SASL"):
            if not self.watched_kafka_sasl_username:
                raise _wrong("SASL_USERNAME", "it must be set with SASL")
            if not self.watched_kafka_sasl_password:
                raise _wrong("SASL_PASSWORD", "it must be set with SASL")
        for name in ("ca", "certificate", "key"):
            path = getattr(self, f"watched_kafka_ssl_{name}_location")
            if path and not Path(path).exists():
                raise _wrong(f"SSL_{name.upper()}_LOCATION", "there is no such file")


def _wrong(name: str, why: str) -> ValueError:
    return ValueError(f"WATCHED_KAFKA_{name} is wrong: {why} (see .env.example)")


def watched(settings: KafkaSettings) -> BaseSettings:
    """Give settings with which a client reaches the watched cluster."""
    if not settings.watched_kafka_bootstrap_servers:
        return settings
    return msgspec.structs.replace(
        settings,
        kafka_bootstrap_servers=settings.watched_kafka_bootstrap_servers,
        kafka_security_protocol=settings.watched_kafka_security_protocol,
        kafka_sasl_mechanism=settings.watched_kafka_sasl_mechanism,
        kafka_sasl_username=settings.watched_kafka_sasl_username,
        kafka_sasl_password=settings.watched_kafka_sasl_password,
        kafka_ssl_ca_location=settings.watched_kafka_ssl_ca_location,
        kafka_ssl_certificate_location=settings.watched_kafka_ssl_certificate_location,
        kafka_ssl_key_location=settings.watched_kafka_ssl_key_location,
        kafka_ssl_key_password=settings.watched_kafka_ssl_key_password,
    )

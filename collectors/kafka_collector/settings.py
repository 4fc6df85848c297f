"""Which cluster the Kafka collector watches: by default the one that Oracle Monitor itself runs on."""

from typing import Literal

import msgspec

from collectors.base.settings import CollectorSettings
from runtime.settings import BaseSettings


class KafkaSettings(CollectorSettings, frozen=True, kw_only=True):
    """The watched cluster; the security settings count only together with its bootstrap servers."""

    watched_kafka_bootstrap_servers: str = ""
    watched_kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    watched_kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = "PLAIN"
    watched_kafka_sasl_username: str = ""
    watched_kafka_sasl_password: str = ""
    watched_kafka_ssl_ca_location: str = ""
    watched_kafka_include_own: bool = False


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
    )

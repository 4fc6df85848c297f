"""How the second library comes to the cluster: for what `confluent_kafka` does not offer, or must not do.

`kafka-python` (docs/adr/0010) asks for the topics' sizes (`sizes`) and for committed offsets
(`coordinator_client`), with the same settings as the first library.
"""

import logging
import threading
from importlib import import_module
from typing import Any

from runtime.settings import BaseSettings

_LOADING = threading.Lock()
_MODULES = (
    "kafka.errors",
    "kafka.net.manager",
    "kafka.net.selector",
    "kafka.protocol.admin",
    "kafka.protocol.consumer",
    "kafka.protocol.metadata",
)


def second_config(
    settings: BaseSettings, client_id: str, request_seconds: float, max_answer_bytes: int
) -> dict[str, Any]:
    """Give the configuration of the library's connections."""
    sasl = settings.kafka_security_protocol.startswith("SASL")
    return {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "client_id": client_id,
        "request_timeout_ms": int(request_seconds * 1000),
        "socket_connection_setup_timeout_ms": int(request_seconds * 1000),
        "receive_message_max_bytes": max_answer_bytes,
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": settings.kafka_sasl_mechanism if sasl else None,
        "sasl_plain_username": settings.kafka_sasl_username,
        "sasl_plain_password": settings.kafka_sasl_password,
        "ssl_cafile": settings.kafka_ssl_ca_location or None,
        "ssl_certfile": settings.kafka_ssl_certificate_location or None,
        "ssl_keyfile": settings.kafka_ssl_key_location or None,
        # Never None: OpenSSL would ask for the password of a key at the terminal.
        "ssl_password": settings.kafka_ssl_key_password,
    }


def load() -> None:
    """Import the library, at the first question: it takes half a second of CPU and ten megabytes.

    By one thread at a time: its modules import each other, and two threads that begin at different ends of
    the circle find them half made. It logs nothing: its lines say nothing to anybody here.
    """
    with _LOADING:
        for name in _MODULES:
            import_module(name)
        logging.getLogger("kafka").setLevel(logging.CRITICAL + 1)

"""What every client of the broker is opened with; consumers commit by hand."""

from confluent_kafka import Consumer, Message

from runtime.settings import BaseSettings
from schema.topics import MAX_MESSAGE_BYTES

Headers = list[tuple[str, str | bytes | None]]
Config = dict[str, str | int | float | bool]


def client_config(settings: BaseSettings, client_id: str) -> Config:
    """Give what every client of the broker needs: addresses, security, and a quick return after an outage."""
    config: Config = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": client_id,
        "security.protocol": settings.kafka_security_protocol,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        # A broker that is frozen, not gone, is noticed by this alone; with the library's 60 s a consumer's
        # group requests were seen to hang for minutes after the broker went on.
        "socket.timeout.ms": 10_000,
        "socket.keepalive.enable": True,
        "allow.auto.create.topics": False,
        # While a broker is away the library would print a line per attempt; readiness tells it once.
        "log_level": 2,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        config["sasl.mechanism"] = settings.kafka_sasl_mechanism
        config["sasl.username"] = settings.kafka_sasl_username
        config["sasl.password"] = settings.kafka_sasl_password
    files = {
        "ssl.ca.location": settings.kafka_ssl_ca_location,
        "ssl.certificate.location": settings.kafka_ssl_certificate_location,
        "ssl.key.location": settings.kafka_ssl_key_location,
        "ssl.key.password": settings.kafka_ssl_key_password,
    }
    return config | {name: value for name, value in files.items() if value}


def open_consumer(settings: BaseSettings, group: str, *, from_start: bool = True) -> Consumer:
    """Open a consumer that commits by hand and sees oversized messages too, so they can be rejected."""
    return Consumer(
        {
            **client_config(settings, group),
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest" if from_start else "latest",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1500,
            "fetch.message.max.bytes": 2 * MAX_MESSAGE_BYTES,
            "queued.max.messages.kbytes": 32 * 1024,
            # The fallback broker answers an empty fetch only at this limit (docs/TROUBLESHOOTING.md).
            "fetch.wait.max.ms": 10 if settings.oracle_ephemeral else 250,
            "fetch.error.backoff.ms": 100,
        }
    )


def headers_of(message: Message) -> list[tuple[str, bytes]]:
    """Give a message's headers; one without a value has empty bytes."""
    rows = message.headers() or []
    pairs = rows.items() if isinstance(rows, dict) else rows
    return [(str(name), value if isinstance(value, bytes) else b"") for name, value in pairs]

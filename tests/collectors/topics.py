"""Topics for tests on the real broker."""

from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AdminClient,
    NewTopic,
)

from runtime.settings import BaseSettings


def create_topic(settings: BaseSettings, name: str, partitions: int) -> None:
    """Create a topic, and wait until it is there."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    (future,) = admin.create_topics([NewTopic(name, partitions, 1)]).values()
    future.result()

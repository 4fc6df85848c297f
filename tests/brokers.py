"""Our topics made new on the suite's broker, for tests that need the fixed names to themselves."""

import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cli.stack.server import KafkaServer
from schema.topics import TOPICS


def without_topics(broker: KafkaServer) -> None:
    """Delete every topic of ours, and wait until they are gone."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    ours = {spec.name for spec in TOPICS}
    deadline = time.monotonic() + 30
    while names := sorted(ours & admin.list_topics(timeout=10).topics.keys()):
        for future in admin.delete_topics(names).values():
            try:
                future.result(10)
            except KafkaException:  # it is being deleted already
                time.sleep(0.1)
        assert time.monotonic() < deadline, f"these topics stay: {names}"
        time.sleep(0.1)

"""The suite's broker made empty, for tests that need the fixed topics to themselves."""

import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cli.stack.server import KafkaServer


def empty_broker(broker: KafkaServer) -> None:
    """Delete every topic and every group, and wait until they are gone."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    groups = [one.group_id for one in admin.list_consumer_groups().result(10).valid]
    deadline = time.monotonic() + 20
    while groups and time.monotonic() < deadline:
        left = []
        for name, future in admin.delete_consumer_groups(groups).items():
            try:
                future.result(10)
            except KafkaException:  # a member of a killed process is still counted: try again
                left.append(name)
        groups = left
        time.sleep(0.1 if left else 0)
    while names := [name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")]:
        for future in admin.delete_topics(names).values():
            try:
                future.result(10)
            except KafkaException as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"topics stay: {error}") from None
        time.sleep(0.05)

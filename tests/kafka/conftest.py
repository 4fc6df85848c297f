"""Every test here needs a real Kafka and is marked `broker`."""

from pathlib import Path

import pytest

from tests.kafka.fixtures import (
    _three_brokers_come_back,
    groups_tool_jars,
    kafkas_directory,
    secured_kafka,
    three_brokers,
)

__all__ = [
    "_three_brokers_come_back",
    "groups_tool_jars",
    "kafkas_directory",
    "secured_kafka",
    "three_brokers",
]
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that `-m "not broker"` leaves them out."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.broker)

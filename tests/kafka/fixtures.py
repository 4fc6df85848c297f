"""The real Kafkas of these tests as fixtures, each started at the first test that asks."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.stack.errors import PartMissing
from tests.kafka.cluster import KafkaCluster
from tests.kafka.secured import SecuredKafka
from tests.kafka.tool_jars import tool_jars


@pytest.fixture(scope="session")
def kafkas_directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="oracle-kafkas-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def groups_tool_jars() -> Path:
    """Fetch Kafka's own tools; without Maven the test is skipped."""
    try:
        return tool_jars()
    except PartMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def three_brokers(kafkas_directory: Path) -> Iterator[KafkaCluster]:
    """Give three brokers; what is down after a test is started again before the next."""
    directory = Path(tempfile.mkdtemp(dir=kafkas_directory, prefix="three-"))
    try:
        cluster = KafkaCluster(directory)
    except PartMissing as missing:
        pytest.skip(str(missing))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(autouse=True)
def _three_brokers_come_back(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "three_brokers" in request.fixturenames:
        request.getfixturevalue("three_brokers").start()


@pytest.fixture(scope="module")  # Each module has rights of its own given and taken.
def secured_kafka(kafkas_directory: Path) -> Iterator[SecuredKafka]:
    """Give a broker with SASL, TLS and ACLs, and its users."""
    directory = Path(tempfile.mkdtemp(dir=kafkas_directory, prefix="secured-"))
    try:
        made = SecuredKafka(directory / "broker")
    except PartMissing as missing:
        pytest.skip(str(missing))
    try:
        made.start()
        yield made
    finally:
        made.stop()

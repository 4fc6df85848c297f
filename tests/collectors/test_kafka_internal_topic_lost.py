"""Reading an internal topic that may not be read, that is deleted and made anew, or gets more partitions."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AclOperation,
    NewPartitions,
    ResourceType,
)

from cli.stack.errors import PartMissing
from cli.stack.server import KafkaServer
from collectors.kafka_collector.client import INTERNAL_TOPIC
from collectors.kafka_collector.internal_topic import InternalTopic
from schema.errors import SourceDenied, SourceUnavailable
from tests.collectors import internal_topic_broker as on
from tests.collectors.topics import create_topic

pytestmark = pytest.mark.broker

_WITH_RULES = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}


@pytest.fixture
def guarded() -> Iterator[KafkaServer]:
    """Give a broker of this test's own: it has access rules, and its internal topic is taken from it."""
    path = Path(tempfile.mkdtemp(prefix="oracle-test-"))
    try:
        server = KafkaServer(path, _WITH_RULES)
    except PartMissing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        create_topic(on.settings_of(server), "tasks", partitions=2)
        on.alter(on.admin_of(server), "first", {("tasks", 0): 1})
        yield server
    finally:
        server.stop()
        shutil.rmtree(path)


@pytest.mark.parametrize("operation", [AclOperation.READ, AclOperation.DESCRIBE])
def test_a_topic_that_may_not_be_read_says_so_until_it_may_and_then_nothing_is_missing(
    guarded: KafkaServer, operation: Any
) -> None:
    admin = on.admin_of(guarded)
    on.allow_everything(admin)
    numbers = on.partitions_of(guarded)
    with on.reader_of(guarded) as before, on.reader_of(guarded) as within:
        on.read_all(guarded, before)
        with on.denied(admin, ResourceType.TOPIC, INTERNAL_TOPIC, operation):
            for reader in (before, within):
                # A fetch that was under way when the rule came may still bring what is written in its time.
                on.until(lambda reader=reader: is_denied_more(guarded, reader, numbers))  # type: ignore[misc]
                # It is said each time, not only when the broker has just refused.
                assert is_denied(reader, numbers)
        for reader in (before, within):
            on.until(lambda reader=reader: not is_denied(reader, numbers))  # type: ignore[misc] # binds it
            on.read_all(guarded, reader)
            assert on.offsets_of(reader, "first") == {("tasks", 0): 1}
            assert on.offsets_of(reader, "second") == on.offsets_by_admin(admin, ["second"])["second"]


def is_denied_more(broker: KafkaServer, reader: InternalTopic, numbers: list[int]) -> bool:
    """Say whether the reader is denied what is written now."""
    on.alter(on.admin_of(broker), "second", {("tasks", 0): time.monotonic_ns()})
    return is_denied(reader, numbers)


def is_denied(reader: InternalTopic, numbers: list[int]) -> bool:
    try:
        reader.read(numbers, 5)
    except SourceDenied as error:
        return "allow Describe and Read on that topic" in str(error)
    return False


def test_no_right_on_any_group_is_needed(guarded: KafkaServer) -> None:
    admin = on.admin_of(guarded)
    on.allow_everything(admin)
    with (
        on.denied(admin, ResourceType.GROUP, "oracle-kafka-collector", AclOperation.ALL),
        on.reader_of(guarded) as reader,
    ):
        assert on.read_all(guarded, reader).errors == ()
        assert on.offsets_of(reader, "first") == {("tasks", 0): 1}


def test_a_topic_made_anew_is_read_anew_and_what_it_lacks_has_ended_only_then(guarded: KafkaServer) -> None:
    admin = on.admin_of(guarded)
    for turn in range(5):
        on.alter(admin, "kept", {("tasks", 0): turn})
    with on.reader_of(guarded) as reader:
        on.read_all(guarded, reader)
        assert reader.table.changed() == {"first", "kept"}
        admin.delete_topics([INTERNAL_TOPIC])[INTERNAL_TOPIC].result()
        on.until(lambda: INTERNAL_TOPIC not in admin.list_topics(timeout=10).topics)
        with pytest.raises(SourceUnavailable):
            reader.read([0, 1, 2, 3], 5)
        assert reader.table.ended() == frozenset()
        on.alter(on.admin_of(guarded), "new", {("tasks", 1): 8})
        on.until(lambda: is_read(guarded, reader))
        assert (reader.table.changed(), reader.table.ended()) == (
            frozenset({"new"}),
            frozenset({"first", "kept"}),
        )
        assert on.offsets_of(reader, "new") == {("tasks", 1): 8}


def test_more_partitions_make_it_read_anew(guarded: KafkaServer) -> None:
    admin = on.admin_of(guarded)
    with on.reader_of(guarded) as reader:
        assert on.read_all(guarded, reader).read == 1
        (made,) = admin.create_partitions([NewPartitions(INTERNAL_TOPIC, 6)]).values()
        made.result()
        on.until(lambda: len(on.partitions_of(guarded)) == 6)
        on.until(lambda: is_read(guarded, reader))
        assert on.groups_of(reader) == {"first"}
        assert reader.table.changed() == {"first"}
        assert reader.table.ended() == frozenset()


def is_read(broker: KafkaServer, reader: InternalTopic) -> bool:
    try:
        return reader.read(on.partitions_of(broker), 5).whole
    except SourceUnavailable:
        return False

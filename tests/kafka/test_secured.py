"""A real broker with SASL, TLS and ACLs, watched by its WATCHED_KAFKA_… variables: what is denied is told."""

import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the stubs do not re-export them
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourceType,
)
from msgspec import UNSET

from collectors.kafka_collector.settings import CommitsChoice
from tests.control_plane.certificates import make_certificates
from tests.kafka.by_hand import ByHand
from tests.kafka.composed import BOTH_WAYS, Composed, ages_known, composed, every, unread_since
from tests.kafka.secured import DENIED_GROUP, DENIED_TOPIC, Mechanism, SecuredKafka, acl, create_acls

OPEN_TOPIC, OPEN_GROUP = "open-topic", "open-group"
MESSAGES = 5
INTERNAL_TOPIC = "__consumer_offsets"


@pytest.fixture(scope="module")
def filled(secured_kafka: SecuredKafka) -> SecuredKafka:
    """Give the broker with two topics, of each of which a group has read two messages."""
    hands = ByHand(secured_kafka.config("admin"))
    for topic, group in ((OPEN_TOPIC, OPEN_GROUP), (DENIED_TOPIC, DENIED_GROUP)):
        hands.create_topic(topic)
        hands.produce(topic, [time.time() - 100 + number for number in range(MESSAGES)])
        hands.commit(group, topic, {0: 2})
    return secured_kafka


def watch(
    kafka: SecuredKafka,
    user: str,
    commits_from: CommitsChoice = "auto",
    mechanism: Mechanism = "PLAIN",
    **more: str,
) -> Composed:
    """Watch as a user; `more` are the ends of further WATCHED_KAFKA_… variables, in small letters."""
    security = {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_username": user,
        "sasl_password": kafka.password(user),
        "ssl_ca_location": str(kafka.ca_path),
        **more,
    }
    return composed(
        kafka.bootstrap_servers,
        commits_from,
        ((f"WATCHED_KAFKA_{name.upper()}", value) for name, value in security.items()),
    )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_who_may_describe_all_and_read_the_internal_topic_alone_misses_nothing(
    filled: SecuredKafka, mechanism: Mechanism
) -> None:
    before = time.time()
    watching = [watch(filled, "watcher", way, mechanism) for way in BOTH_WAYS]
    await every(watching, lambda one: ages_known(one, OPEN_GROUP, DENIED_GROUP) and "group" in one.synced)
    for one in watching:
        assert (one.cluster.commits_from, one.unavailable) == (one.commits_from, {})
        for group, topic in ((OPEN_GROUP, OPEN_TOPIC), (DENIED_GROUP, DENIED_TOPIC)):
            assert one.groups[group].lag_messages == MESSAGES - 2
            # This user has no right to read a watched topic: no message of it was consumed.
            assert before - 200 < unread_since(one, group) < before
            assert one.topics[topic].messages == MESSAGES
    assert ByHand(filled.config("admin")).listed_groups() == {OPEN_GROUP, DENIED_GROUP}


async def test_a_denied_group_and_a_denied_topic_are_told_with_the_reason_and_cost_nothing_else(
    filled: SecuredKafka,
) -> None:
    one = watch(filled, "partial")
    await one.until(lambda one: ages_known(one, OPEN_GROUP) and DENIED_GROUP in one.groups)
    assert one.cluster.commits_from == "admin_api"
    assert INTERNAL_TOPIC in str(one.cluster.commits_from_reason)
    assert one.groups[OPEN_GROUP].lag_messages == MESSAGES - 2
    denied = one.groups[DENIED_GROUP]
    assert "uthoriz" in str(denied.unavailable)
    # What is not known is neither nothing nor stopped.
    assert (denied.lag_messages, denied.verdict, denied.members) == (UNSET, UNSET, [])
    assert DENIED_GROUP in one.unavailable["group"]
    # A topic that may not be described is not in the metadata at all.
    assert one.topics.keys() == {OPEN_TOPIC}
    assert one.ended == []


async def test_rights_that_are_taken_away_leave_what_was_known_with_the_reason(filled: SecuredKafka) -> None:
    admin = AdminClient(filled.config("admin"))
    hands = ByHand(filled.config("admin"))
    hands.create_topic("taken-topic")
    hands.produce("taken-topic", [time.time()] * MESSAGES)
    hands.commit("taken-group", "taken-topic", {0: 1})
    watching = [watch(filled, "watcher", way) for way in ("auto", "admin_api")]
    await every(watching, lambda one: ages_known(one, OPEN_GROUP, "taken-group"))
    group = acl("watcher", ResourceType.GROUP, "taken-group", AclOperation.ALL, AclPermissionType.DENY)
    reading = acl("watcher", ResourceType.TOPIC, INTERNAL_TOPIC, AclOperation.READ, AclPermissionType.DENY)
    create_acls(admin, [group, reading])
    try:
        hands.commit(OPEN_GROUP, OPEN_TOPIC, {0: 3})
        await every(watching, lambda one: one.groups[OPEN_GROUP].lag_messages == MESSAGES - 3)
        await every(watching, lambda one: one.groups["taken-group"].unavailable is not UNSET)
        for one in watching:
            assert one.cluster.commits_from == "admin_api"
            assert "uthoriz" in str(one.groups["taken-group"].unavailable)
            assert one.groups["taken-group"].lag_messages in (UNSET, MESSAGES - 1)
            assert one.ended == []
        assert "may not be read" in str(watching[0].cluster.commits_from_reason)
    finally:
        delete_acls(admin, [group, reading])
        hands.commit(OPEN_GROUP, OPEN_TOPIC, {0: 2})
    await every(watching, lambda one: one.groups["taken-group"].unavailable is UNSET and not one.unavailable)
    for one in watching:
        assert one.groups["taken-group"].lag_messages == MESSAGES - 1


async def test_the_internal_topic_denied_where_it_is_asked_for_is_told_and_not_taken_for_emptiness(
    filled: SecuredKafka,
) -> None:
    one = watch(filled, "partial", "internal_topic")
    await one.until(lambda one: OPEN_TOPIC in one.topics)
    assert one.groups == {}
    assert "group" not in one.synced
    assert INTERNAL_TOPIC in one.unavailable["group"]
    assert one.topics[OPEN_TOPIC].messages == MESSAGES


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_a_wrong_password_is_told_and_never_shown(filled: SecuredKafka, mechanism: Mechanism) -> None:
    one = watch(filled, "watcher", "auto", mechanism, sasl_password="not-this-one")
    await one.look()
    assert "uthentication" in one.down_reason
    assert "not-this-one" not in one.down_reason
    assert filled.password("watcher") not in one.down_reason


async def test_a_broker_whose_certificate_is_not_to_be_trusted_is_told(
    filled: SecuredKafka, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path / "other")
    one = watch(filled, "watcher", ssl_ca_location=str(other.ca))
    await one.look()
    assert "certificate" in one.down_reason
    assert filled.password("watcher") not in one.down_reason


async def test_a_broker_that_is_asked_in_plain_where_it_speaks_tls_is_told(filled: SecuredKafka) -> None:
    one = composed(filled.bootstrap_servers)
    await one.look()
    assert one.down_reason.startswith(filled.bootstrap_servers)


def delete_acls(admin: AdminClient, acls: Iterable[AclBinding]) -> None:
    """Delete ACLs."""
    filters = [
        AclBindingFilter(
            one.restype, one.name, one.resource_pattern_type, one.principal, one.host, one.operation,
            one.permission_type,
        )
        for one in acls
    ]  # fmt: skip
    for done in admin.delete_acls(filters).values():
        done.result(20)

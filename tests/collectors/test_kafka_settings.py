"""Settings of the Kafka collector: the watched cluster, how commits are known, patterns, wrong values."""

from pathlib import Path

import pytest
from msgspec import structs

from collectors.kafka_collector.collector import make
from collectors.kafka_collector.dead_letters import DEFAULT_PATTERNS, DeadLetters
from collectors.kafka_collector.settings import KafkaSettings, watched
from runtime.settings import load
from schema.errors import SettingError


def loaded(tmp_path: Path, **variables: str) -> KafkaSettings:
    return load(KafkaSettings, variables, tmp_path / "none")


def test_by_default_our_own_cluster_is_watched_by_the_way_that_is_permitted(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert watched(settings) is settings
    assert (settings.watched_kafka_commits_from, settings.watched_kafka_include_own) == ("auto", False)
    assert settings.watched_kafka_dead_letter_patterns == DEFAULT_PATTERNS


def test_another_cluster_is_watched_with_its_own_security() -> None:
    settings = KafkaSettings(
        kafka_bootstrap_servers="ours:9092", kafka_security_protocol="SSL", kafka_ssl_ca_location="ca"
    )
    assert watched(settings) is settings
    other = watched(structs.replace(settings, watched_kafka_bootstrap_servers="theirs:9092"))
    assert (other.kafka_bootstrap_servers, other.kafka_security_protocol) == ("theirs:9092", "PLAINTEXT")
    assert other.kafka_ssl_ca_location == ""


def test_every_setting_of_the_watched_cluster_reaches_its_client() -> None:
    names = [
        name
        for name in structs.asdict(KafkaSettings())
        if name.startswith(("watched_kafka_sasl", "watched_kafka_ssl", "watched_kafka_security"))
    ]
    settings = structs.replace(
        KafkaSettings(watched_kafka_bootstrap_servers="theirs:9092"), **{name: name for name in names}
    )
    told = structs.asdict(watched(settings))
    assert {told[name.removeprefix("watched_")] for name in names} == set(names)
    assert len(names) == 8


def test_patterns_are_separated_by_commas(tmp_path: Path) -> None:
    settings = loaded(tmp_path, WATCHED_KAFKA_DEAD_LETTER_PATTERNS=" *.failed, poison-* ,")
    assert settings.watched_kafka_dead_letter_patterns == ("*.failed", "poison-*")
    dead_letters = DeadLetters(settings.watched_kafka_dead_letter_patterns)
    assert [dead_letters.is_dead_letter(name) for name in ("a.failed", "poison-a", "a-dlq")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("choice", ["auto", "internal_topic", "admin_api"])
def test_the_way_to_know_commits_can_be_chosen(tmp_path: Path, choice: str) -> None:
    assert loaded(tmp_path, WATCHED_KAFKA_COMMITS_FROM=choice).watched_kafka_commits_from == choice


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATCHED_KAFKA_COMMITS_FROM", "zookeeper"),
        ("WATCHED_KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("WATCHED_KAFKA_SASL_MECHANISM", "GSSAPI"),
        ("WATCHED_KAFKA_INCLUDE_OWN", "perhaps"),
        ("WATCHED_KAFKA_DEAD_LETTER_PATTERNS", "*"),
        ("WATCHED_KAFKA_DEAD_LETTER_PATTERNS", "*-dlq,**"),
        ("OBSERVE_INTERVAL_SECONDS", "0"),
        ("OBSERVE_INTERVAL_SECONDS", "soon"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_that_names_the_variable(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingError) as told:
        loaded(tmp_path, **{name: value})
    assert str(told.value).startswith(f"{name} is wrong: ")
    assert "\n" not in str(told.value)


def test_what_the_client_refuses_is_told_in_one_line_without_the_secret() -> None:
    settings = KafkaSettings(
        watched_kafka_bootstrap_servers="theirs:9092",
        watched_kafka_security_protocol="SSL",
        watched_kafka_ssl_ca_location="/does/not/exist",
        watched_kafka_ssl_key_password="hunter2",
    )
    with pytest.raises(SettingError) as told:
        make(settings)
    assert "\n" not in str(told.value)
    assert "hunter2" not in str(told.value)


def test_the_instance_is_the_watched_cluster() -> None:
    collector, instance = make(KafkaSettings(watched_kafka_bootstrap_servers="127.0.0.1:1"))
    assert (collector.name, instance) == ("kafka", "127.0.0.1:1")

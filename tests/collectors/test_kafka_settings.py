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


def test_every_setting_of_the_watched_cluster_reaches_its_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [
        name
        for name in structs.asdict(KafkaSettings())
        if name.startswith(("watched_kafka_sasl", "watched_kafka_ssl", "watched_kafka_security"))
    ]
    for name in names:
        (tmp_path / name).touch()  # what names a file must be there
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


WATCHED = {"WATCHED_KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"}
SASL = {**WATCHED, "WATCHED_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"WATCHED_KAFKA_BOOTSTRAP_SERVERS": "kafka"},
            "BOOTSTRAP_SERVERS is wrong: entry 1 is not host:port",
        ),
        ({"WATCHED_KAFKA_BOOTSTRAP_SERVERS": ","}, "BOOTSTRAP_SERVERS is wrong: entry 1 is not host:port"),
        ({"WATCHED_KAFKA_BOOTSTRAP_SERVERS": "a:1,b:99999"}, "BOOTSTRAP_SERVERS is wrong: entry 2"),
        ({"WATCHED_KAFKA_BOOTSTRAP_SERVERS": "a:9092:s3cret"}, "BOOTSTRAP_SERVERS is wrong: entry 1"),
        ({"WATCHED_KAFKA_BOOTSTRAP_SERVERS": "u:s3cret@a:1"}, "BOOTSTRAP_SERVERS is wrong: entry 1"),
        (SASL, "SASL_USERNAME is wrong: it must be set with SASL"),
        ({**SASL, "WATCHED_KAFKA_SASL_USERNAME": "u"}, "SASL_PASSWORD is wrong: it must be set with SASL"),
        (
            {**WATCHED, "WATCHED_KAFKA_SSL_CA_LOCATION": "/no/ca"},
            "SSL_CA_LOCATION is wrong: there is no such",
        ),
        ({**WATCHED, "WATCHED_KAFKA_SSL_KEY_LOCATION": "/no/key"}, "SSL_KEY_LOCATION is wrong"),
    ],
)
def test_a_watched_cluster_that_cannot_be_reached_so_is_refused_at_the_start(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingError, match=f"^WATCHED_KAFKA_{said}") as told:
        loaded(tmp_path, **settings)
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("servers", ["a:1", "a:1, b.example:65535", "[::1]:9092", "kafka-0.kafka:9092"])
def test_addresses_of_brokers_are_hosts_and_ports(tmp_path: Path, servers: str) -> None:
    settings = loaded(tmp_path, WATCHED_KAFKA_BOOTSTRAP_SERVERS=servers)
    assert settings.watched_kafka_bootstrap_servers == servers


def test_what_the_client_refuses_is_told_in_one_line_without_the_secret(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    settings = KafkaSettings(
        watched_kafka_bootstrap_servers="theirs:9092",
        watched_kafka_security_protocol="SSL",
        watched_kafka_ssl_ca_location=str(tmp_path / "ca.pem"),
        watched_kafka_ssl_key_password="hunter2",
    )
    with pytest.raises(SettingError) as told:
        make(settings)
    assert "\n" not in str(told.value)
    assert "hunter2" not in str(told.value)


def test_the_instance_is_the_watched_cluster() -> None:
    collector, instance = make(KafkaSettings(watched_kafka_bootstrap_servers="127.0.0.1:1"))
    assert (collector.name, instance) == ("kafka", "127.0.0.1:1")

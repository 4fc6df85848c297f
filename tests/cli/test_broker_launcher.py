"""How the local broker is fetched and configured."""

import hashlib
from pathlib import Path

import pytest

from cli.stack import jars
from cli.stack.broker import Broker
from cli.stack.cache import cached
from cli.stack.errors import PartMissing, StackError
from schema.topics import MAX_MESSAGE_BYTES

REPOSITORY = Path(__file__).resolve().parents[2]


def properties_of(broker: Broker) -> dict[str, str]:
    return dict(line.split("=", 1) for line in broker.properties().splitlines())


def test_the_broker_listens_on_loopback_only(tmp_path: Path) -> None:
    found = properties_of(Broker(tmp_path, 1, 2))
    assert found["listeners"] == "PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2"
    assert found["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1"


def test_the_broker_takes_what_a_topic_may_hold(tmp_path: Path) -> None:
    found = properties_of(Broker(tmp_path, 1, 2))
    assert int(found["message.max.bytes"]) > MAX_MESSAGE_BYTES
    assert int(found["replica.fetch.max.bytes"]) >= int(found["message.max.bytes"])


def test_a_setting_of_the_caller_wins(tmp_path: Path) -> None:
    assert properties_of(Broker(tmp_path, 1, 2, {"num.io.threads": "9"}))["num.io.threads"] == "9"


def test_the_pom_and_the_list_of_jars_name_the_version_that_is_run() -> None:
    directory = REPOSITORY / "infrastructure" / "kafka" / "broker"
    assert f"<version>{jars.KAFKA_VERSION}</version>" in (directory / "pom.xml").read_text()
    assert f"kafka_2.13-{jars.KAFKA_VERSION}.jar" in (directory / "jars.sha256").read_text()


@pytest.mark.parametrize(
    ("told", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "25-ea" 2025-09-16', 25),
        ('java version "1.8.0_402"', 8),
        ("no java here", 0),
    ],
)
def test_the_major_version_of_java_is_read(told: str, major: int) -> None:
    assert jars.java_major(told) == major


def test_without_java_the_line_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt-get install -y openjdk-17-jre-headless maven" in (jars.missing() or "")
    with pytest.raises(PartMissing):
        jars.java()


def test_an_old_java_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'java version \"1.8.0_402\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PartMissing, match="this is 8"):
        jars.java()


def test_a_jar_that_differs_from_the_list_is_named(tmp_path: Path) -> None:
    good, bad = b"good", b"bad"
    (tmp_path / "one.jar").write_bytes(good)
    (tmp_path / "two.jar").write_bytes(bad)
    listed = "".join(f"{hashlib.sha256(good).hexdigest()}  {name}\n" for name in ("one.jar", "two.jar"))
    with pytest.raises(StackError, match=r"jars\.sha256: two\.jar$"):
        jars.check_sums(tmp_path, listed)


def test_a_jar_too_many_is_named(tmp_path: Path) -> None:
    (tmp_path / "extra.jar").write_bytes(b"x")
    with pytest.raises(StackError, match=r"extra\.jar"):
        jars.check_sums(tmp_path, "")


def test_a_download_that_fails_leaves_nothing_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_CACHE", str(tmp_path))

    def fails(into: Path) -> None:
        (into / "half").write_text("")
        raise StackError("the line went dead")

    with pytest.raises(StackError):
        cached("thing", fails)
    assert [path.name for path in tmp_path.iterdir()] == [".thing.lock"]


def test_what_is_cached_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORACLE_CACHE", str(tmp_path))
    calls: list[Path] = []
    for _ in range(2):
        assert cached("thing", calls.append) == tmp_path / "thing"
    assert len(calls) == 1

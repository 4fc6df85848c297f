"""The API's process: what its own faults look like from outside."""

from typing import Any

import pytest

from api import main
from api.settings import ApiSettings
from cli.stack.server import KafkaServer
from runtime.kafka import Producer
from runtime.service import Service
from schema.errors import BrokerFatal
from tests.api.fakes import FakeStore

pytestmark = pytest.mark.broker


def test_a_fault_of_ours_does_not_look_like_an_ordinary_stop(
    broker: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def faulty(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(main, "watch", faulty)
    monkeypatch.setattr(main, "open_store", lambda _: FakeStore())
    settings = ApiSettings(kafka_bootstrap_servers=broker.bootstrap_servers, api_port=0)
    with pytest.raises(ZeroDivisionError):
        main.serve(Service("api", settings, "store", "broker"))


def test_a_producer_that_cannot_go_on_ends_the_api(
    broker: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fenced(_: Producer) -> None:
        raise BrokerFatal("fenced")

    monkeypatch.setattr(Producer, "check", fenced)
    monkeypatch.setattr(main, "open_store", lambda _: FakeStore())
    settings = ApiSettings(kafka_bootstrap_servers=broker.bootstrap_servers, api_port=0)
    with pytest.raises(BrokerFatal, match="fenced"):
        main.serve(Service("api", settings, "store", "broker"))

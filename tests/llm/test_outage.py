"""A call takes as long without the broker as with it, and whatever fails in recording it does not fail it."""

import http.client
import statistics
import time

import pytest

from cli.demo.model_server import DemoServer
from cli.stack.server import KafkaServer, free_port
from collectors.base.publisher import LogPublisher
from collectors.llm_collector.calls import Arrival, Outcome, call_of
from collectors.llm_collector.outbox import Outbox
from collectors.llm_collector.reading import Reading
from collectors.llm_collector.watch import Recorder, Watch
from runtime.kafka import Producer
from runtime.settings import BaseSettings
from tests.llm.process import proxy_process
from tests.llm.servers import answering, ask, proxying, serving
from tests.llm.test_board_and_outbox import AT

CALLS = 300
BODY = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}'


def latencies(port: int) -> list[float]:
    """Call over one connection; give how long each took, in seconds."""
    connection, taken = http.client.HTTPConnection("127.0.0.1", port, timeout=10), []
    for _ in range(CALLS):
        began = time.perf_counter()
        connection.request("POST", "/openai/v1/chat/completions", BODY)
        response = connection.getresponse()
        response.read()
        taken.append(time.perf_counter() - began)
        assert response.status == 200
    connection.close()
    return taken


def fast_tenth(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=10)[0]


@pytest.mark.broker
def test_a_call_takes_as_long_while_the_broker_is_dead(broker: KafkaServer) -> None:
    with (
        serving(DemoServer(1_000_000, 1_000_000_000, 0)) as demo,
        proxy_process(demo, broker.bootstrap_servers, ORACLE_ENVIRONMENT="llm-outage") as (_, port, _),
    ):
        latencies(port)
        living = latencies(port)
        broker.kill()
        dead = [*latencies(port), *latencies(port)]
        broker.start()
        back = latencies(port)
    # The fast tenth: the rest tells of what else runs on the machine, a broker that starts for example.
    assert fast_tenth(dead) < 1.5 * fast_tenth(living)
    assert max(*dead, *back) < 2  # a wait for the broker would be many seconds


def test_handing_over_a_record_never_waits_for_a_broker_that_was_never_there() -> None:
    settings = BaseSettings(kafka_bootstrap_servers=f"127.0.0.1:{free_port()}")
    producer, outbox = Producer(settings, "test"), Outbox(max_waiting_bytes=1_000_000)
    outbox.publisher = LogPublisher(producer, "test", 4)
    try:
        worst = max(seconds_to_put(outbox, number) for number in range(20_000))
    finally:
        producer.close(0)
    assert worst < 2  # the pauses of a busy machine; it would wait for ever


def seconds_to_put(outbox: Outbox, number: int) -> float:
    arrival = Arrival(f"c-{number}", AT, "openai", "gpt-4o", "chat", streaming=False, prompt_characters=0)
    call = call_of(arrival, Outcome(1, 200), Reading())
    began = time.perf_counter()
    outbox.put(call)
    return time.perf_counter() - began


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Recorder, "arrived"), (Watch, "asked"), (Watch, "answered"), (Watch, "_record")],
)
@pytest.mark.parametrize("size", [10, 3_000_000])
def test_an_error_in_recording_fails_no_call(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, size: int
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(owner, name, fails)
    with serving(answering(200, [], [b"{}"])) as upstream, proxying(openai_base_url=upstream) as proxy:
        status, _, body = ask(proxy.url, "POST", "/openai/v1/chat/completions", b" " * size + b"{}")
    assert (status, body) == (200, b"{}")

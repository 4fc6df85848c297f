"""Every call of the real clients, made directly and through the proxy: nothing may tell the two apart."""

import pytest

from tests.llm_clients.answer import PAUSE_SECONDS
from tests.llm_clients.everything import CALLS
from tests.llm_clients.running import Site, Told
from tests.llm_clients.sameness import arrived, other_bodies, received, told

pytestmark = pytest.mark.broker

LEFT_HALF_WAY = "stream left half-way"
LEFT_WITHIN_SECONDS = 1.0
_MADE_UP_BY_LITELLM = ("id", "created")


@pytest.mark.parametrize(("client", "name"), CALLS)
def test_a_call_receives_the_same_bytes_through_the_proxy(client: str, name: str, call: Told) -> None:
    by_litellm = client.endswith("completion")
    assert call.direct.exchanges
    assert received(call.proxied) == received(call.direct)
    # LiteLLM leaves a stream at the last event that it needs.
    left_early = by_litellm or name == LEFT_HALF_WAY
    assert other_bodies(call.direct, call.proxied, left_early) == []
    made_up = _MADE_UP_BY_LITELLM if by_litellm else ()
    assert told(call.proxied.result, made_up) == told(call.direct.result, made_up)


@pytest.mark.parametrize(("client", "name"), CALLS)
def test_a_request_arrives_with_the_same_bytes_through_the_proxy(client: str, name: str, call: Told) -> None:
    assert len(call.direct.asked) == len(call.direct.exchanges)
    assert arrived(call.proxied) == arrived(call.direct)


@pytest.mark.parametrize(("client", "name"), [one for one in CALLS if one[1].startswith("slow")])
def test_a_slow_stream_is_passed_on_while_it_comes(client: str, name: str, call: Told) -> None:
    (record,), (exchange,) = call.records, call.proxied.exchanges
    # Half of the pause is more than a busy machine takes away, and far more than a held-back stream leaves.
    assert exchange.seconds >= PAUSE_SECONDS / 2
    assert isinstance(record.time_to_first_token_ms, float)
    assert isinstance(record.latency_ms, float)
    assert record.latency_ms - record.time_to_first_token_ms >= PAUSE_SECONDS * 1000 / 2


@pytest.mark.parametrize(("client", "name"), [one for one in CALLS if one[1] == LEFT_HALF_WAY])
def test_a_client_that_leaves_a_stream_takes_its_upstream_with_it(
    client: str, name: str, call: Told, site: Site
) -> None:
    for way in (call.direct, call.proxied):
        assert any(0 <= noticed - way.left_at[0] < LEFT_WITHIN_SECONDS for noticed in site.upstream.left_at)

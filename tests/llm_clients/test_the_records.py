"""Every HTTP call of the real clients leaves exactly one record, which says what the provider said."""

from typing import Any

import pytest
from msgspec import UNSET

from schema.messages import Call
from tests.llm_clients.calls.making import ASYNC
from tests.llm_clients.everything import CALLS, CLIENTS
from tests.llm_clients.expected import GONE, Fields
from tests.llm_clients.running import Told

pytestmark = pytest.mark.broker


@pytest.mark.parametrize(("client", "name"), CALLS)
def test_each_call_leaves_the_records_that_it_should(client: str, name: str, call: Told) -> None:
    expected = CLIENTS[client].records.get(name, [])
    assert [_told(record, fields) for record, fields in zip(call.records, expected, strict=True)] == expected
    provider = CLIENTS[client].provider or name.replace(",", "").split()[0]
    assert {(one.provider, one.client_address, one.seen_by) for one in call.records} <= {
        (provider, "127.0.0.1", "proxy")
    }
    if provider != "ollama":  # which wants no key, and of LiteLLM does not always get one
        label = ASYNC if client.startswith(("Async", "acompletion")) else "default"
        assert {one.key_label for one in call.records} <= {label}


@pytest.mark.parametrize(("client", "name"), CALLS)
def test_the_time_to_the_first_token_is_known_of_streams_that_began(
    client: str, name: str, call: Told
) -> None:
    for record in call.records:
        streamed = record.streaming and record.http_status == 200
        assert (record.time_to_first_token_ms is not UNSET) == streamed
        assert isinstance(record.latency_ms, float)
        assert not streamed or 0 < record.time_to_first_token_ms <= record.latency_ms  # type: ignore[operator]


def _told(record: Call, expected: Fields) -> dict[str, Any]:
    """Give what a record says of the expected fields; a range stands for each number in it."""
    told = {}
    for name, wanted in expected.items():
        value = getattr(record, name)
        value = GONE if value is UNSET else value
        told[name] = wanted if isinstance(wanted, range) and value in wanted else value
    return told

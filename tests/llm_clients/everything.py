"""All calls of all real clients, for the tests' tables: by client the fixture, the provider and the calls."""

from typing import NamedTuple

from tests.llm_clients import expected
from tests.llm_clients.calls import anthropic_table, litellm_table, openai_table
from tests.llm_clients.calls.making import Made


class Client(NamedTuple):
    """One client."""

    fixture: str
    provider: str | None
    """None where each call names its own."""
    calls: list[Made]
    records: dict[str, list[expected.Fields]]


_TO_OPENAI = openai_table.MODEL_CALLS + openai_table.OTHER_CALLS
_TO_ANTHROPIC = anthropic_table.MODEL_CALLS + anthropic_table.OTHER_CALLS
CLIENTS = {
    "OpenAI": Client("openai_calls", "openai", _TO_OPENAI, expected.OPENAI),
    "AsyncOpenAI": Client("openai_calls", "openai", _TO_OPENAI, expected.OPENAI),
    "AzureOpenAI": Client("openai_calls", "azure", openai_table.AZURE_CALLS, expected.OPENAI),
    "AsyncAzureOpenAI": Client("openai_calls", "azure", openai_table.AZURE_CALLS, expected.OPENAI),
    "Anthropic": Client("anthropic_calls", "anthropic", _TO_ANTHROPIC, expected.ANTHROPIC),
    "AsyncAnthropic": Client("anthropic_calls", "anthropic", _TO_ANTHROPIC, expected.ANTHROPIC),
    "completion": Client("litellm_calls", None, litellm_table.TABLE, expected.LITELLM),
    "acompletion": Client("litellm_calls", None, litellm_table.TABLE, expected.LITELLM),
}
CALLS = [(client, made.name) for client, of in CLIENTS.items() for made in of.calls]

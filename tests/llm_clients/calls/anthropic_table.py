"""The calls that are made with the official anthropic SDK; needs nothing but our own table type."""

from typing import Any

from tests.llm_clients.calls.making import Made

MODEL = "claude-sonnet-4-5"
SAID = [{"role": "user", "content": "Wie geht's, 世界?"}]
SYSTEM = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
PIXEL = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
SEEN = [
    {
        "role": "user",
        "content": [{"type": "image", "source": PIXEL}, {"type": "text", "text": "What is this?"}],
    }
]
TOOLS = [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]
THINKING = {"type": "enabled", "budget_tokens": 1024}
BATCH = {"custom_id": "1", "params": {"model": MODEL, "max_tokens": 9, "messages": SAID}}


def message(name: str, model: str = MODEL, method: str = "create", **given: Any) -> Made:
    """Name a message."""
    return Made(name, f"messages.{method}", {"model": model, "max_tokens": 2048, "messages": SAID, **given})


MODEL_CALLS = [
    message("message"),
    message("message, streamed", stream=True),
    message("message, the SDK's stream helper", method="stream"),
    message("message with tools", tools=TOOLS),
    message("message with tools, streamed", tools=TOOLS, stream=True),
    message("message with tools, the SDK's stream helper", method="stream", tools=TOOLS),
    message("message about an image", messages=SEEN),
    message("message with a cached system prompt", system=SYSTEM),
    message("message with thinking", thinking=THINKING),
    message("message with thinking, streamed", thinking=THINKING, stream=True),
    message("message, raw response", method="with_raw_response.create"),
    message("message, streaming response", method="with_streaming_response.create", stream=True),
    message("compressed message", "compressed"),
    message("compressed message, streamed", "compressed", stream=True),
    message("slow message, streamed", "slow", stream=True),
    message("message whose end comes late, streamed", "ending-late", stream=True),
    message("message after a rate limit", "busy-once"),
    message("message after a rate limit, streamed", "busy-once", stream=True),
    message("message that stays rate limited", "busy"),
    message("message that is too long", "too-long"),
    message("message with a wrong key", "unauthorised"),
    message("message of a failing provider", "failing"),
    message("stream that breaks off", "breaking", stream=True),
    message("stream with an error inside", "failing-inside", stream=True),
    message("stream left half-way", "endless", stream=True)._replace(leaves_after=3),
    message("beta message", method="create", stream=True)._replace(method="beta.messages.create"),
]
OTHER_CALLS = [
    Made(
        "count of tokens", "messages.count_tokens", {"model": MODEL, "messages": SAID, "system": "Be brief."}
    ),
    Made("list of models", "models.list", {}),
    Made("one model", "models.retrieve", {"model_id": MODEL}),
    Made("batch", "messages.batches.create", {"requests": [BATCH]}),
    Made("batch again", "messages.batches.retrieve", {"message_batch_id": "msgbatch_1"}),
]

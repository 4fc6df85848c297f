"""The calls that are made with the official openai SDK; needs nothing but our own table type."""

from typing import Any

from tests.llm_clients.calls.making import Made

MODEL = "gpt-4o-mini"
SAID: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Wie geht's, 世界?"}]
PIXEL = "data:image/png;base64,iVBORw0KGgo="
SEEN: Any = [{"role": "user", "content": [
    {"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PIXEL}},
]}]  # fmt: skip
HEARD: Any = [{"role": "user", "content": [
    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
]}]  # fmt: skip
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
FUNCTIONS = [{"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": False}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "weather", "schema": PARAMETERS}}
WITH_USAGE: Any = {"stream": True, "stream_options": {"include_usage": True}}
CHAT, RESPONSE = "chat.completions.create", "responses.create"


def chat(name: str, model: str = MODEL, **given: Any) -> Made:
    """Name a chat."""
    return Made(name, CHAT, {"model": model, "messages": SAID, **given})


MODEL_CALLS = [
    chat("chat"),
    chat("chat, streamed", **WITH_USAGE),
    chat("chat, streamed without usage", stream=True),
    chat("chat with tools", tools=TOOLS, tool_choice="auto"),
    chat("chat with tools, streamed", tools=TOOLS, **WITH_USAGE),
    chat("chat about an image", messages=SEEN),
    chat("chat with audio", "gpt-4o-audio-preview", messages=HEARD, modalities=["text", "audio"],
         audio={"voice": "alloy", "format": "wav"}),
    chat("chat in JSON", response_format={"type": "json_object"}),
    chat("chat by a schema, streamed", response_format=SCHEMA, **WITH_USAGE),
    Made("chat, the SDK's stream helper", "chat.completions.stream", {"model": MODEL, "messages": SAID}),
    Made("chat, parsed", "chat.completions.parse", {"model": MODEL, "messages": SAID}),
    Made("chat, raw response", "chat.completions.with_raw_response.create",
         {"model": MODEL, "messages": SAID}),
    Made("chat, streaming response", "chat.completions.with_streaming_response.create",
         {"model": MODEL, "messages": SAID, "stream": True}),
    chat("chat of a megabyte", messages=[{"role": "user", "content": "x" * 1_000_000}]),
    chat("compressed chat", "compressed"),
    chat("compressed chat, streamed", "compressed", **WITH_USAGE),
    chat("slow chat, streamed", "slow", **WITH_USAGE),
    chat("chat whose end comes late, streamed", "ending-late", **WITH_USAGE),
    chat("chat after a rate limit", "busy-once"),
    chat("chat after a rate limit, streamed", "busy-once", **WITH_USAGE),
    chat("chat that stays rate limited", "busy"),
    chat("chat without quota", "out-of-quota"),
    chat("chat that is too long", "too-long"),
    chat("chat with a wrong key", "unauthorised"),
    chat("chat of a failing provider", "failing"),
    chat("stream that breaks off", "breaking", stream=True),
    chat("stream with an error inside", "failing-inside", stream=True),
    chat("stream left half-way", "endless", stream=True)._replace(leaves_after=3),
    Made("response", RESPONSE, {"model": MODEL, "input": "Hi"}),
    Made("response, streamed", RESPONSE, {"model": MODEL, "input": SAID, "stream": True}),
    Made("response with functions", RESPONSE, {"model": MODEL, "input": "Hi", "tools": FUNCTIONS}),
    Made("response with functions, streamed", RESPONSE,
         {"model": MODEL, "input": "Hi", "tools": FUNCTIONS, "stream": True}),
    Made("response, the SDK's stream helper", "responses.stream", {"model": MODEL, "input": "Hi"}),
    Made("compressed response, streamed", RESPONSE, {"model": "compressed", "input": "Hi", "stream": True}),
    Made("embeddings", "embeddings.create", {"model": "text-embedding-3-small", "input": ["a", "b"]}),
    Made("completion", "completions.create", {"model": "gpt-3.5-turbo-instruct", "prompt": "Hi"}),
    Made("completion, streamed", "completions.create",
         {"model": "gpt-3.5-turbo-instruct", "prompt": "Hi", "stream": True}),
]  # fmt: skip
OTHER_CALLS = [
    Made("list of models", "models.list", {}),
    Made("one model", "models.retrieve", {"model": MODEL}),
    Made("moderation", "moderations.create", {"input": "Hi"}),
    Made("image", "images.generate", {"model": "gpt-image-1", "prompt": "A pixel"}),
    Made("file up", "files.create", {"file": ("a.jsonl", b'{"a": "\xc3\xbc"}\n'), "purpose": "batch"}),
    Made("file down", "files.content", {"file_id": "file-1"}),
    Made("file gone", "files.delete", {"file_id": "file-1"}),
    Made("response gone", "responses.delete", {"response_id": "resp_1"}),
    Made(
        "transcript",
        "audio.transcriptions.create",
        {"model": "whisper-1", "file": ("a.wav", b"RIFF\x00\xff")},
    ),
    Made("speech", "audio.speech.create", {"model": "tts-1", "voice": "alloy", "input": "Hi"}),
]
_OF_AZURE = {
    "chat", "chat, streamed", "chat with tools, streamed", "chat after a rate limit", "chat that is too long",
    "response, streamed", "embeddings", "stream left half-way",
}  # fmt: skip
AZURE_CALLS = [made for made in MODEL_CALLS if made.name in _OF_AZURE]

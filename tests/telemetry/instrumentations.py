"""What instrumentations write of a call, as attributes of its span."""

OPENAI_V2 = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.response.id": "chatcmpl-AdWkbLSz8Y8R0dSn",
    "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 80, "gen_ai.usage.cache_read.input_tokens": 1024,
    "server.address": "api.openai.com", "server.port": 443,
    "openai.response.service_tier": "default",
}  # fmt: skip
"""opentelemetry-instrumentation-openai-v2, latest conventions."""
OPENAI_OLD = {
    "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18", "gen_ai.usage.input_tokens": 9,
    "gen_ai.usage.output_tokens": 3, "server.address": "api.openai.com",
}  # fmt: skip
"""The same, conventions of v1.30."""
TRACELOOP_OPENAI = {
    "gen_ai.system": "OpenAI", "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.response.id": "chatcmpl-BMxfSPDdDxB5nJUd",
    "gen_ai.usage.prompt_tokens": 20, "gen_ai.usage.completion_tokens": 30, "llm.usage.total_tokens": 50,
    "gen_ai.prompt.0.content": "Tell me a secret", "gen_ai.completion.0.finish_reason": "stop",
    "llm.is_streaming": False, "gen_ai.usage.cache_read_input_tokens": 0,
}  # fmt: skip
TRACELOOP_ANTHROPIC = {
    "gen_ai.system": "Anthropic", "llm.request.type": "completion",
    "gen_ai.request.model": "claude-sonnet-4-5-20250929", "gen_ai.usage.input_tokens": 1167,
    "gen_ai.usage.output_tokens": 220, "llm.usage.total_tokens": 1387,
    "gen_ai.usage.cache_read_input_tokens": 1163, "gen_ai.usage.cache_creation_input_tokens": 0,
}  # fmt: skip
"""OpenLLMetry counts the cached tokens among the input tokens."""
OPENINFERENCE = {
    "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-2024-08-06", "llm.provider": "azure",
    "llm.system": "openai", "llm.invocation_parameters": '{"model": "gpt-4o", "temperature": 0}',
    "output.value": '{"id": "chatcmpl-AdWkbLSz8Y8R0dSn", "choices": [{"message": {"content": "secret"}}]}',
    "llm.token_count.prompt": 500, "llm.token_count.completion": 60,
    "llm.token_count.total": 560, "llm.token_count.prompt_details.cache_read": 128,
    "llm.token_count.completion_details.reasoning": 40, "input.value": "a prompt",
}  # fmt: skip
OPENINFERENCE_EMBEDDING = {
    "openinference.span.kind": "EMBEDDING", "embedding.model_name": "text-embedding-3-small",
    "llm.system": "openai", "llm.token_count.prompt": 8,
}  # fmt: skip
BEDROCK_MODEL = "us.anthropic.claude-sonnet-4-20250514-v1:0"
STRANDS_BEDROCK = {
    "gen_ai.operation.name": "chat", "gen_ai.system": "strands-agents",
    "gen_ai.request.model": BEDROCK_MODEL, "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 50, "gen_ai.usage.total_tokens": 2060,
    "gen_ai.usage.cache_read_input_tokens": 1500, "gen_ai.usage.cache_write_input_tokens": 500,
}  # fmt: skip
"""Bedrock counts input tokens without those of the cache; the total tells it."""
PYDANTIC_AI = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.usage.input_tokens": 900, "gen_ai.usage.output_tokens": 70,
    "gen_ai.usage.details.cache_read_tokens": 400, "gen_ai.usage.details.cache_write_tokens": 100,
}  # fmt: skip
TRACELOOP_NOW = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "gen_ai.is_streaming": True, "gen_ai.openai.api_base": "https://api.groq.com/openai/v1/",
    "gen_ai.usage.total_tokens": 1280, "gen_ai.usage.output_tokens": 80, "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.cache_read.input_tokens": 1024, "gen_ai.usage.reasoning_tokens": 20,
}  # fmt: skip
"""OpenLLMetry 0.62."""
ANTHROPICS_OWN = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "url.path": "/v1/messages",
    "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.usage.input_tokens": 21512,
    "gen_ai.usage.output_tokens": 340, "gen_ai.usage.cache_write.input_tokens": 1500,
    "gen_ai.usage.cache_read.input_tokens": 20000, "anthropic.message.stop_reason": "end_turn",
    "http.response.status_code": 200, "gen_ai.response.id": "msg_01XFDUDYJgAACzvnptVvoYEL",
}  # fmt: skip
"""The spans of Anthropic's own library, 2.12."""
GOOGLE = {
    "gen_ai.operation.name": "generate_content", "gen_ai.provider.name": "gcp.gemini",
    "gen_ai.request.model": "gemini-2.5-flash", "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20, "gen_ai.usage.reasoning.output_tokens": 300,
}  # fmt: skip
"""Thoughts were left out of the output tokens: they are more than those."""
CLAUDE_CODE_SPAN = {
    "span.type": "llm_request", "model": "claude-opus-4-5", "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-opus-4-5", "input_tokens": 2, "output_tokens": 1200,
    "cache_read_tokens": 84562, "cache_creation_tokens": 7096, "success": True, "stop_reason": "tool_use",
    "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy", "ttft_ms": 812,
}  # fmt: skip
OLLAMA_BY_OPENAIS_LIBRARY = {
    "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "llama3.2",
    "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 6, "server.address": "localhost",
    "server.port": 11434,
}  # fmt: skip
GROQ_BY_OPENAIS_LIBRARY = {
    **OPENAI_OLD,
    "gen_ai.request.model": "llama-3.3-70b",
    "server.address": "api.groq.com",
}
LANGCHAIN = {
    "gen_ai.system": "Langchain", "llm.request.type": "chat", "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.usage.input_tokens": "12", "gen_ai.usage.output_tokens": 4.0,
}  # fmt: skip

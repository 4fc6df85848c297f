"""Answers of Ollama and of those who speak like OpenAI, and what is read of each: for test_reading.py."""

from decimal import Decimal

from tests.llm.answers import JSON, LINES, SSE, chunk, sse
from tests.llm.shapes import Case, lines, whole

OLLAMA: list[Case] = [
    (
        "chat with thinking and a tool",
        LINES,
        lines(
            {
                "model": "qwen3",
                "message": {"role": "assistant", "content": "", "thinking": "Hm"},
                "done": False,
            },
            {
                "model": "qwen3",
                "message": {
                    "content": "",
                    "tool_calls": [{"function": {"name": "find", "arguments": {"a": "b"}}}],
                },
                "done": False,
            },
            {
                "model": "qwen3",
                "message": {"content": ""},
                "done": True,
                "done_reason": "stop",
                "total_duration": 4883583458,
                "prompt_eval_count": 26,
                "eval_count": 282,
            },
        ),
        {
            "response_model": "qwen3",
            "input_tokens": 26,
            "completion_tokens": 282,
            "finish_reason": "stop",
            "text_characters": 7,
        },
    ),
    (
        "generate",
        JSON,
        whole(
            {
                "model": "llama3.2",
                "response": "Hello",
                "done_reason": "length",
                "prompt_eval_count": 3,
                "eval_count": 4,
                "context": [1, 2],
            }
        ),
        {
            "response_model": "llama3.2",
            "input_tokens": 3,
            "completion_tokens": 4,
            "finish_reason": "length",
            "text_characters": 5,
        },
    ),
    (
        "embed",
        JSON,
        whole({"model": "all-minilm", "embeddings": [[0.1]], "prompt_eval_count": 8}),
        {"response_model": "all-minilm", "input_tokens": 8},
    ),
    (
        "a model that is not there",
        JSON,
        whole({"error": "model 'x' not found"}),
        {"error_code": "model_not_found"},
    ),
    (
        "a model that does not fit",
        LINES,
        lines({"error": "model requires more system memory (8.0 GiB) than is available (3.0 GiB)"}),
        {"error_code": "insufficient_memory"},
    ),
    ("an error without a name", LINES, lines({"error": "secret"}), {"error_type": "unnamed_error"}),
]

OTHERS: list[Case] = [
    (
        "DeepSeek",
        JSON,
        whole(
            {
                "usage": {
                    "prompt_tokens": 20,
                    "completion_tokens": 9,
                    "total_tokens": 29,
                    "prompt_cache_hit_tokens": 16,
                    "prompt_cache_miss_tokens": 4,
                    "completion_tokens_details": {"reasoning_tokens": 5},
                }
            }
        ),
        {"input_tokens": 20, "completion_tokens": 9, "cached_tokens": 16, "reasoning_tokens": 5},
    ),
    (
        "LiteLLM in front of Anthropic: the cached tokens are in the prompt already",
        JSON,
        whole(
            {
                "usage": {
                    "prompt_tokens": 160,
                    "completion_tokens": 9,
                    "total_tokens": 169,
                    "prompt_tokens_details": {
                        "cached_tokens": 100,
                        "audio_tokens": None,
                        "cache_creation_tokens": 50,
                        "cache_creation_token_details": {
                            "ephemeral_5m_input_tokens": 20,
                            "ephemeral_1h_input_tokens": 30,
                        },
                    },
                    "cache_creation_input_tokens": 50,
                    "cache_read_input_tokens": 100,
                }
            }
        ),
        {
            "input_tokens": 160,
            "completion_tokens": 9,
            "cached_tokens": 100,
            "cache_write_tokens": 50,
            "cache_write_1h_tokens": 30,
        },
    ),
    (
        "Gemini: reasoning is in the total only",
        JSON,
        whole({"usage": {"prompt_tokens": 8, "completion_tokens": 105, "total_tokens": 1032}}),
        {"input_tokens": 8, "completion_tokens": 1024},
    ),
    (
        "xAI: reasoning is beside the completion",
        JSON,
        whole(
            {
                "usage": {
                    "prompt_tokens": 32,
                    "completion_tokens": 9,
                    "total_tokens": 135,
                    "completion_tokens_details": {"reasoning_tokens": 94},
                }
            }
        ),
        {"input_tokens": 32, "completion_tokens": 103, "reasoning_tokens": 94},
    ),
    (
        "a total that has the cached tokens once more",
        JSON,
        whole(
            {
                "usage": {
                    "prompt_tokens": 10,
                    "completion_tokens": 5,
                    "total_tokens": 18,
                    "prompt_tokens_details": {"cached_tokens": 3},
                }
            }
        ),
        {"input_tokens": 10, "completion_tokens": 5, "cached_tokens": 3},
    ),
    (
        "OpenRouter: its cost is told, and reasoning told twice counts once",
        SSE,
        sse(
            {"choices": [{"delta": {"content": "", "reasoning": "Hm", "reasoning_content": "Hm"}}]},
            {
                "choices": [],
                "usage": {"prompt_tokens": 4, "completion_tokens": 6, "cost": 0.5, "total_tokens": 10},
            },
        ),
        {"input_tokens": 4, "completion_tokens": 6, "text_characters": 2, "cost_usd": Decimal("0.5")},
    ),
    (
        "OpenRouter: an error in a choice, with a status for a code",
        SSE,
        sse({"choices": [{"delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "x"}}]}),
        {"finish_reason": "error", "error_type": "http_502"},
    ),
    (
        "Groq and Kimi: usage in places of their own",
        SSE,
        sse(
            {"x_groq": {"usage": {"prompt_tokens": 4, "completion_tokens": 6}}, "choices": []},
            {"choices": [{"usage": {"prompt_tokens": 4, "completion_tokens": 7, "cached_tokens": 2}}]},
        ),
        {"input_tokens": 4, "completion_tokens": 7, "cached_tokens": 2},
    ),
    (
        "Mistral: content in blocks",
        SSE,
        sse(
            {
                "choices": [
                    {
                        "delta": {
                            "content": [
                                {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                                {"type": "text", "text": "Hi"},
                            ]
                        }
                    }
                ]
            }
        ),
        {"text_characters": 4},
    ),
    (
        "Azure: the first chunk has a filter's result and no model",
        SSE,
        sse({"model": "", "choices": [], "prompt_filter_results": [{}]}, chunk("Hi", "stop")),
        {
            "response_id": "chatcmpl-1",
            "response_model": "gpt-4o",
            "finish_reason": "stop",
            "text_characters": 2,
        },
    ),
]

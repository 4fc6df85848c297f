"""Costs by published prices, each computed by hand: US dollars per million tokens × tokens, summed, ÷ 10⁶.

The comment over each group names the prices: input / output, then what differs. The sums were done on paper
with those prices and are written out; nothing of the code under test is in them.
"""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

import pytest

from runtime import price_list
from runtime.pricing import Tokens, price, rounded


class Case(NamedTuple):
    provider: str
    model: str
    tokens: Tokens
    usd: str
    at: datetime = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    tier: str | None = None


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


OPENAI = [
    # gpt-4o: 2.50 / 10, cached 1.25
    Case("openai", "gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("openai", "gpt-4o", Tokens(1000, 100, 10), "0.0034875"),
    Case("openai", "gpt-4o-2024-08-06", Tokens(7, 3), "0.0000475"),
    Case("openai", "gpt-4o", Tokens(0, 0), "0"),
    # … and 10 for 1,000 web searches
    Case("openai", "gpt-4o", Tokens(1000, 100, web_searches=3), "0.0335"),
    # gpt-4o-mini: 0.15 / 0.60, cached 0.075
    Case("openai", "gpt-4o-mini", Tokens(1), "0.00000015"),
    Case("openai", "gpt-4o-mini", Tokens(1, 1, 1), "0.000000675"),
    Case("openai", "gpt-4o-mini", Tokens(123_456, 7_890, 1_024), "0.0231756"),
    Case("openai", "gpt-4o-mini", Tokens(1_000_000, 1_000_000), "0.75"),
    # gpt-4.1: 2 / 8, cached 0.50; o3-mini: 1.10 / 4.40; gpt-4: 30 / 60
    Case("openai", "gpt-4.1", Tokens(999, 1, 999), "0.0005075"),
    Case("openai", "o3-mini", Tokens(333, 333), "0.0018315"),
    Case("openai", "gpt-4", Tokens(9, 9), "0.00081"),
    # gpt-3.5-turbo: 0.50 / 1.50, no cached rate: cached tokens cost what the others cost
    Case("openai", "gpt-3.5-turbo", Tokens(100, 0, 50), "0.00005"),
    # Embeddings have input only: small 0.02, large 0.13; voyage-3: 0.06
    Case("openai", "text-embedding-3-small", Tokens(50), "0.000001"),
    Case("openai", "text-embedding-3-large", Tokens(8191), "0.00106483"),
    Case("voyageai", "voyage-3", Tokens(1000), "0.00006"),
    # gpt-audio: text 2.50 / 10, audio 32 / 64: 400 × 2.5 + 600 × 32 + 100 × 10 + 400 × 64
    Case("openai", "gpt-audio", Tokens(1000, 500, prompt_audio=600, completion_audio=400), "0.0468"),
]

SERVICE_TIERS = [
    # gpt-4o: priority 4.25 / 17, cached 2.125; the plain tier is called `default`
    Case("openai", "gpt-4o", Tokens(1000, 100, 200), "0.005525", tier="priority"),
    Case("openai", "gpt-4o", Tokens(1000, 100), "0.0035", tier="default"),
    # gpt-5: 1.25 / 10, cached 0.125; flex and batch half of it, priority twice
    Case("openai", "gpt-5", Tokens(10_000, 2_000, 4_000), "0.028"),
    Case("openai", "gpt-5", Tokens(10_000, 2_000, 4_000), "0.014", tier="flex"),
    Case("openai", "gpt-5", Tokens(10_000, 2_000, 4_000), "0.014", tier="batch"),
    Case("openai", "gpt-5", Tokens(10_000, 2_000, 4_000), "0.056", tier="priority"),
    # gpt-4.1 in batches: 1 / 4
    Case("openai", "gpt-4.1", Tokens(1000, 500), "0.003", tier="batch"),
    # claude-sonnet-4-6: 3 / 15, in batches 1.50 / 7.50; Anthropic calls the plain tier `standard`
    Case("anthropic", "claude-sonnet-4-6", Tokens(100_000, 2_000), "0.33", tier="standard"),
    Case("anthropic", "claude-sonnet-4-6", Tokens(100_000, 2_000), "0.165", tier="batch"),
    # claude-opus-5: 5 / 25, fast mode 10 / 50
    Case("anthropic", "claude-opus-5", Tokens(1000, 1000), "0.03"),
    Case("anthropic", "claude-opus-5", Tokens(1000, 1000), "0.06", tier="fast"),
    # … and 1.1 times as much for tokens that stay in the United States; searches cost 10 for 1,000 anywhere
    Case("anthropic", "claude-opus-5", Tokens(1000, 1000), "0.033", tier="us"),
    Case("anthropic", "claude-opus-5", Tokens(1000, 1000), "0.066", tier="fast-us"),
    Case("anthropic", "claude-opus-5", Tokens(1000, 1000, web_searches=1), "0.043", tier="us"),
    # Groq calls the plain tier `on_demand`: 0.59 / 0.79
    Case("groq", "llama-3.3-70b-versatile", Tokens(1000, 1000), "0.00138", tier="on_demand"),
]

LONG_PROMPTS = [
    # gpt-5.4: 2.50 / 15, cached 0.25; with more than 272,000 tokens of prompt 5 / 22.50, cached 0.50
    Case("openai", "gpt-5.4", Tokens(272_000, 1000), "0.695"),
    Case("openai", "gpt-5.4", Tokens(272_001, 1000), "1.382505"),
    Case("openai", "gpt-5.4", Tokens(300_000, 1000, 100_000), "1.0725"),
    # … priority 5 / 30 at any length
    Case("openai", "gpt-5.4", Tokens(300_000, 1000), "1.53", tier="priority"),
    # claude-sonnet-4-5: 3 / 15, cached 0.30, written 3.75, for an hour 6;
    # above 200,000 tokens of prompt 6 / 22.50, 0.60, 7.50, 12
    Case("anthropic", "claude-sonnet-4-5-20250929", Tokens(200_000, 1000), "0.615"),
    Case("anthropic", "claude-sonnet-4-5-20250929", Tokens(200_001, 1000), "1.222506"),
    # 20,000 × 6 + 200,000 × 0.6 + 20,000 × 7.5 + 10,000 × 12 + 1,000 × 22.5
    Case("anthropic", "claude-sonnet-4-5", Tokens(250_000, 1000, 200_000, 30_000, 10_000), "0.5325"),
    # claude-haiku-5-5: 0.10 / 0.50; above 100,000: 0.50 / 2.50
    Case("anthropic", "claude-haiku-5-5", Tokens(100_000, 1000), "0.0105"),
    Case("anthropic", "claude-haiku-5-5", Tokens(100_001, 1000), "0.0525005"),
    # gemini-2.5-pro: 1.25 / 10, cached 0.125; above 200,000: 2.50 / 15, cached 0.25
    Case("gemini", "gemini-2.5-pro", Tokens(200_000, 1000), "0.26"),
    Case("gemini", "gemini-2.5-pro", Tokens(200_001, 1000, 100_000), "0.2900025"),
]

CACHES = [
    # claude-3-7-sonnet: 3 / 15, written 3.75: 3 × 3 + 12,304 × 3.75 + 550 × 15
    Case("anthropic", "claude-3-7-sonnet-20250219", Tokens(12_307, 550, 0, 12_304), "0.054399"),
    # claude-haiku-4-5: 1 / 5, cached 0.10, written 1.25, for an hour 2
    Case("anthropic", "claude-haiku-4-5", Tokens(10_000, 100, 6_000, 3_000, 1_000), "0.0066"),
    # claude-opus-4-5: 5 / 25, cached 0.50, written 6.25
    Case("anthropic", "claude-opus-4-5-20251101", Tokens(98_805, 5_120, 66_360, 32_435), "0.36394875"),
    # claude-3-5-haiku: 0.80 / 4, cached 0.08
    Case("anthropic", "claude-3-5-haiku-latest", Tokens(1000, 10, 500), "0.00048"),
    # amazon.nova-pro: 0.80 / 3.20, cached 0.20; grok-4: 3 / 15, cached 0.75
    Case("bedrock", "amazon.nova-pro-v1:0", Tokens(10_000, 1000, 4_000), "0.0088"),
    Case("xai", "grok-4", Tokens(1000, 100, 400), "0.0036"),
    # gemini-2.5-flash: 0.30 / 2.50, audio 1: 6,000 × 0.3 + 4,000 × 1 + 1,000 × 2.5
    Case("vertex_ai", "gemini-2.5-flash", Tokens(10_000, 1000, prompt_audio=4_000), "0.0083"),
]

DATES = [
    # o3: 10 / 40 until 9 June 2025, then 2 / 8; the day is that in UTC
    Case("openai", "o3", Tokens(1000, 1000), "0.05", on("2025-06-09T23:59:59")),
    Case("openai", "o3", Tokens(1000, 1000), "0.01", on("2025-06-10")),
    Case("openai", "o3", Tokens(1000, 1000), "0.05",
         datetime(2025, 6, 10, 1, tzinfo=timezone(timedelta(hours=2)))),
    # gpt-5.6-luna: 1 / 6, cached 0.10, written 1.25; from 30 July 2026 a fifth of each
    Case("openai", "gpt-5.6-luna", Tokens(10_000, 1000, 2_000, 3_000), "0.01495", on("2026-07-29T23:59:59")),
    Case("openai", "gpt-5.6-luna", Tokens(10_000, 1000, 2_000, 3_000), "0.00299", on("2026-07-30")),
    # gpt-5.6-sol: 5 / 30; from 21 August 2026 4 / 20
    Case("openai", "gpt-5.6-sol", Tokens(1000, 1000), "0.035", on("2026-08-20")),
    Case("openai", "gpt-5.6-sol", Tokens(1000, 1000), "0.024", on("2026-08-21")),
    # claude-opus-4-6 above 200,000 tokens: 10 / 37.50; from 13 March 2026 5 / 25 at any length
    Case("anthropic", "claude-opus-4-6", Tokens(250_000, 1000), "2.5375", on("2026-03-12")),
    Case("anthropic", "claude-opus-4-6", Tokens(250_000, 1000), "1.275", on("2026-03-13")),
    # mistral-small: 0.10 / 0.30; from 16 March 2026 0.15 / 0.60
    Case("mistral", "mistral-small-latest", Tokens(1000, 1000), "0.0004", on("2026-03-15")),
    Case("mistral", "mistral-small-latest", Tokens(1000, 1000), "0.00075", on("2026-03-16")),
    # deepseek-chat: 0.27 / 1.10, cached 0.07; from 16:30 to 00:30 UTC half of it
    Case("deepseek", "deepseek-chat", Tokens(1000, 1000, 400), "0.00129", on("2025-09-04T16:29:59")),
    Case("deepseek", "deepseek-chat", Tokens(1000, 1000, 400), "0.000645", on("2025-09-04T16:30:00")),
]  # fmt: skip

SELLERS = [
    # Azure and Bedrock sell others' models at the makers' prices: gpt-4o 2.50 / 10, claude-3-5-sonnet 3 / 15
    Case("azure", "gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("azure.ai.openai", "gpt-4o-2024-08-06", Tokens(1000, 100), "0.0035"),
    Case("aws.bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", Tokens(1000, 500), "0.0105"),
    Case("bedrock", "us-east-1/anthropic.claude-3-5-sonnet-20241022-v2:0", Tokens(1000, 500), "0.0105"),
    # Azure's o3-mini: 1.10 / 4.40, cached 0.55
    Case("azure", "o3-mini", Tokens(1000, 100, 500), "0.001265"),
    # Vertex: claude-sonnet-4-5 3 / 15, gemini-2.5-flash 0.30 / 2.50
    Case("gcp.vertex_ai", "claude-sonnet-4-5@20250929", Tokens(1000, 500), "0.0105"),
    Case("vertex_ai", "publishers/google/models/gemini-2.5-flash", Tokens(1000, 100), "0.00055"),
    Case("google", "google/gemini-2.5-flash", Tokens(1000, 100), "0.00055"),
    # Llama 3.3 70B at Together: 0.88 / 0.88; command-r: 0.15 / 0.60
    Case("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", Tokens(1000, 1000), "0.00176"),
    Case("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo", Tokens(1000, 1000), "0.00176"),
    Case("cohere", "command-r", Tokens(1000, 1000), "0.00075"),
    # OpenRouter: claude-sonnet-4.5 3 / 15, and what it calls free
    Case("openrouter", "anthropic/claude-sonnet-4.5", Tokens(1000, 500), "0.0105"),
    Case("openrouter", "deepseek/deepseek-r1:free", Tokens(1000, 500), "0"),
    # LiteLLM's proxy names the seller before the model, or is asked for a model of its maker
    Case("litellm", "openai/gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("litellm", "azure/gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("litellm", "anthropic/claude-3-5-haiku-latest", Tokens(1000, 10, 500), "0.00048"),
    Case("litellm-eu", "bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0", Tokens(1000, 500), "0.0105"),
    Case("litellm", "openrouter/openai/gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("litellm", "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo", Tokens(1000, 1000), "0.00176"),
    Case("litellm", "gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("litellm", "claude-sonnet-4-5", Tokens(1000, 500), "0.0105"),
    # Instrumentations add the API to the provider
    Case("openai.responses", "gpt-4o", Tokens(1000, 100), "0.0035"),
]


@pytest.mark.parametrize("case", [*OPENAI, *SERVICE_TIERS, *LONG_PROMPTS, *CACHES, *DATES, *SELLERS], ids=str)
def test_a_call_costs_what_the_published_price_says(case: Case) -> None:
    priced = price(case.provider, case.model, case.at, case.tokens, case.tier)
    assert priced is not None
    assert priced.cost_usd == Decimal(case.usd)


@pytest.mark.parametrize(
    "case",
    [
        Case("openai", "no-such-model", Tokens(1000, 100), ""),
        Case("no-such-provider", "gpt-4o", Tokens(1000, 100), ""),
        Case("", "", Tokens(1000, 100), ""),
        Case("azure", "a-deployment-of-mine", Tokens(1000, 100), ""),
        # Local models cost what their owner says, in LLM_PRICES_FILE.
        Case("ollama", "llama3.2", Tokens(1000, 100), ""),
        Case("ollama", "openai/gpt-oss-20b", Tokens(1000, 100), ""),
        Case("litellm", "ollama/llama3.2", Tokens(1000, 100), ""),
        # Open weights behind a gateway may run anywhere, and their makers do not all sell them.
        Case("litellm", "gpt-oss-20b", Tokens(1000, 100), ""),
        Case("litellm", "mixtral-8x7b", Tokens(1000, 100), ""),
        Case("litellm", "deepseek-r1", Tokens(1000, 100), ""),
        Case("litellm", "kimi-k2", Tokens(1000, 100), ""),
        Case("litellm", "openai/gpt-oss-20b", Tokens(1000, 100), ""),
        Case("openai", "gpt-oss-120b", Tokens(1000, 100), ""),
        # Searches of one who sells another's model are at a price of its own.
        Case("azure", "gpt-4o", Tokens(1000, 100, web_searches=1), ""),
        # Who made a model is not who sells it.
        Case("a-reseller", "openai/gpt-4o", Tokens(1000, 100), ""),
        Case("my-openai-mock", "gpt-4o", Tokens(1000, 100), ""),
        # A tier without a price in the list: committed capacity, Azure's own, and before the list knew it.
        Case("anthropic", "claude-sonnet-4-6", Tokens(1000, 100), "", tier="priority"),
        Case("openai", "gpt-4o", Tokens(1000, 100), "", tier="scale"),
        Case("openai", "gpt-4o", Tokens(1000, 100), "", tier="us"),
        Case("anthropic", "claude-sonnet-4-6", Tokens(1000, 100), "", tier="priority-us"),
        Case("azure", "gpt-4o", Tokens(1000, 100), "", tier="priority"),
        Case("openai", "gpt-4o", Tokens(1000, 100), "", on("2026-02-06"), tier="priority"),
        # Audio, an hour's cache, searches and answers that have no price there.
        Case("openai", "gpt-4o", Tokens(1000, 100, prompt_audio=10), ""),
        Case("openai", "gpt-4o-audio-preview", Tokens(1000, 100, completion_audio=10), ""),
        Case("openai", "gpt-4o-realtime-preview", Tokens(1000, 100, 500, prompt_audio=600), ""),
        Case("google", "claude-3-7-sonnet", Tokens(1000, 100, 0, 500, 500), ""),
        Case("groq", "llama-3.3-70b-versatile", Tokens(1000, 100, web_searches=1), ""),
        Case("openai", "text-embedding-3-small", Tokens(10, 1), ""),
        # Models that are charged by what is not counted: seconds, images, reasoning, citations.
        Case("openai", "whisper-1", Tokens(1000, 100), ""),
        Case("google", "gemini-3-pro-image-preview", Tokens(1000, 100), ""),
        # A fee for each request that depends on how much was searched: the answer tells the cost.
        Case("perplexity", "sonar", Tokens(1000, 100), ""),
        Case("perplexity", "sonar-deep-research", Tokens(1000, 100), ""),
        Case("openai", "gpt-4o", Tokens(-1, 100), ""),
        Case("openai", "gpt-4o", Tokens(100, -1), ""),
        # More than a call can have cost.
        Case("openai", "gpt-4o", Tokens(2**53), ""),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_list_does_not_say_is_unknown_and_not_free(case: Case) -> None:
    assert price(case.provider, case.model, case.at, case.tokens, case.tier) is None


@pytest.mark.parametrize(
    ("provider", "model", "day", "tier", "end"),
    [
        # Most prices of the list have no date: then its version is all that is known.
        ("litellm", "azure/gpt-4o", "2026-10-20", None, " azure/gpt-4o"),
        ("openai", "gpt-5", "2026-10-20", "Batch", " openai/gpt-5, batch, since 2026-10-14"),
        ("openai", "o3", "2025-06-09", None, " openai/o3"),
        ("openai", "o3", "2026-10-20", None, " openai/o3, since 2025-06-10"),
        ("openai", "gpt-5.6-luna", "2026-10-20", None, " openai/gpt-5.6-luna, since 2026-07-30"),
    ],
)
def test_a_price_names_its_source_and_the_day_from_which_it_holds(
    provider: str, model: str, day: str, tier: str | None, end: str
) -> None:
    from genai_prices import __version__

    priced = price(provider, model, on(day), Tokens(1), tier)
    assert priced
    assert priced.price_source == f"genai-prices {__version__}{end}"


@pytest.mark.parametrize("day", ["2026-02-06T12:00:00", "2026-11-20T02:00:00"])
def test_every_listed_model_costs_what_the_package_s_own_calculator_says(day: str) -> None:
    from genai_prices import Usage
    from genai_prices.data import providers

    compared = 0
    for seller in providers:
        for model in seller.models:
            for tokens in (Tokens(1_000, 10, 300, 200, 100), Tokens(450_001, 77, 200_000, 100_000, 30_000)):
                quote = price_list._quote(seller.id, model.id, on(day), "")
                cost = quote and quote.cost(tokens)
                if quote is None or cost is None:
                    continue
                if not quote.source.partition(",")[0].endswith(f" {seller.id}/{model.id}"):
                    continue
                if model.id.endswith(":free"):
                    assert cost == 0
                    continue
                usage = Usage(
                    input_tokens=tokens.prompt,
                    output_tokens=tokens.completion,
                    cache_read_tokens=tokens.cached,
                    cache_write_tokens=tokens.cache_write,
                    cache_write_1h_tokens=tokens.cache_write_1h,
                )
                found = model.calc_price(usage, seller, genai_request_timestamp=on(day))
                assert rounded(cost) == rounded(found.total_price), (seller.id, model.id)
                compared += 1
    assert compared > 2_000

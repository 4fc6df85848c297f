"""Costs by the package's list and its corrections: those of `published.py`, and what is unknown."""

from decimal import Decimal

import pytest

from runtime import price_list
from runtime.pricing import Tokens, price, rounded
from tests.pricing.published import CONFIRMED, UNCONFIRMED, Case, on

PUBLISHED = [case for cases in CONFIRMED.values() for case in cases]


@pytest.mark.parametrize("case", [*PUBLISHED, *UNCONFIRMED], ids=str)
def test_a_call_costs_what_the_published_price_says(case: Case) -> None:
    priced = price(case.provider, case.model, case.at, case.tokens, case.tier)
    assert priced is not None
    assert priced.cost_usd == Decimal(case.usd)


def test_forty_costs_and_more_are_by_prices_that_a_page_confirms() -> None:
    assert all(address.startswith("https://") for address in CONFIRMED)
    assert len(set(map(str, PUBLISHED))) == len(PUBLISHED)
    assert len(PUBLISHED) >= 40


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

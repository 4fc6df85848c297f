"""Costs by published prices, each computed by hand: US dollars per million tokens × tokens, summed, ÷ 10⁶.

Each price stands under the address of the page that publishes it, or that quotes the seller's page and says
of which day; all were read on 22 November 2026. The comments name the prices: input / output, then what
differs. The sums are written out; nothing of the code under test is in them.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from runtime.pricing import Tokens


class Case(NamedTuple):
    provider: str
    model: str
    tokens: Tokens
    usd: str
    at: datetime = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
    tier: str | None = None


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


LAOZHANG = "https://docs.laozhang.ai/en/announcements/"
BUSY, NIGHT = "2026-11-20T02:00:00", "2025-09-04T18:00:00"
# 20,000 of 100,000 read from a cache, 20,000 kept for five minutes and 10,000 for an hour
CACHES = Tokens(100_000, 1000, 20_000, 30_000, 10_000)

CONFIRMED: dict[str, list[Case]] = {
    "https://platform.claude.com/docs/en/about-claude/pricing": [
        # opus-5, 4-8, 4-7, 4-5: 5 / 25, cached 0.50, written 6.25, for an hour 10
        Case("anthropic", "claude-opus-5", Tokens(1000, 1000), "0.03"),
        Case("anthropic", "claude-opus-5", CACHES, "0.51"),
        Case("anthropic", "claude-opus-4-8", CACHES, "0.51"),
        Case("anthropic", "claude-opus-4-7", CACHES, "0.51"),
        Case("anthropic", "claude-opus-4-5-20251101", Tokens(98_805, 5_120, 66_360, 32_435), "0.36394875"),
        # opus-4-1: 15 / 75, 1.50, 18.75, 30; fable-5: 10 / 50, 1, 12.50, 20; fable-5-1 the same, cached 0.25
        Case("anthropic", "claude-opus-4-1-20250805", CACHES, "1.53"),
        Case("anthropic", "claude-fable-5", CACHES, "1.02"),
        Case("anthropic", "claude-fable-5-1", CACHES, "1.005"),
    ],
    "https://platform.claude.com/docs/zh-CN/about-claude/pricing": [
        # sonnet-4-6, 4-5 and 3-7: 3 / 15, written 3.75; Anthropic calls the plain tier `standard`
        Case("anthropic", "claude-sonnet-4-6", Tokens(100_000, 2_000), "0.33", tier="standard"),
        Case("anthropic", "claude-sonnet-4-5-20250929", Tokens(200_000, 1000), "0.615"),
        # 3 × 3 + 12,304 × 3.75 + 550 × 15
        Case("anthropic", "claude-3-7-sonnet-20250219", Tokens(12_307, 550, 0, 12_304), "0.054399"),
        # haiku-4-5: 1 / 5, 0.10, 1.25, 2; 3-5-haiku: 0.80 / 4, cached 0.08
        Case("anthropic", "claude-haiku-4-5", Tokens(10_000, 100, 6_000, 3_000, 1_000), "0.0066"),
        Case("anthropic", "claude-3-5-haiku-latest", Tokens(1000, 10, 500), "0.00048"),
        # 3-haiku: 0.25 / 1.25, 0.03, 0.30, 0.50; 3-opus: 15 / 75, 1.50, 18.75, 30
        Case("anthropic", "claude-3-haiku-20240307", CACHES, "0.02535"),
        Case("anthropic", "claude-3-opus-20240229", CACHES, "1.53"),
    ],
    "https://platform.claude.com/docs/zh-CN/models/sonnet-5/overview": [
        # sonnet-5: 2 / 10, 0.20, 2.50, 4; in batches half of it
        Case("anthropic", "claude-sonnet-5", CACHES, "0.204"),
        Case("anthropic", "claude-sonnet-5", Tokens(1000, 1000), "0.006", tier="batch"),
    ],
    "https://platform.claude.com/docs/zh-CN/models/sonnet-5-5/overview": [
        # sonnet-5-5: 2 / 10; opus-5-5: 4 / 20
        Case("anthropic", "claude-sonnet-5-5", Tokens(1000, 1000), "0.012"),
        Case("anthropic", "claude-opus-5-5", Tokens(1000, 1000), "0.024"),
    ],
    "https://apidog.com/jp/blog/claude-sonnet-5-5-pricing/": [
        # 1.1 times as much for tokens that stay in the United States: 2.20 / 11
        Case("anthropic", "claude-sonnet-5-5", Tokens(10_000, 1000), "0.033", tier="us"),
    ],
    "https://agentmastered.com/blog/1m-context-ga": [
        # Above 200,000 tokens twice the input and 1.5 times the output; from 13 March 2026 5 / 25 and 3 / 15
        Case("anthropic", "claude-opus-4-6", Tokens(250_000, 1000), "2.5375", on("2026-03-12")),
        Case("anthropic", "claude-opus-4-6", Tokens(250_000, 1000), "1.275", on("2026-03-13")),
        Case("anthropic", "claude-sonnet-4-6", Tokens(250_000, 1000), "1.5225", on("2026-03-12")),
        Case("anthropic", "claude-sonnet-4-6", Tokens(250_000, 1000), "0.765", on("2026-03-13")),
    ],
    "https://eonsr.com/en/claude-sonnet-4-1m-context-pricing-switch": [
        # sonnet-4: 3 / 15, above 200,000 tokens 6 / 22.50
        Case("anthropic", "claude-sonnet-4-20250514", Tokens(200_000, 1000), "0.615", on("2025-10-01")),
        Case("anthropic", "claude-sonnet-4-20250514", Tokens(200_001, 1000), "1.222506", on("2025-10-01")),
    ],
    "https://developers.openai.com/api/docs/models/gpt-5.4": [
        # 2.50 / 15, cached 0.25; with more than 272,000 tokens of prompt 5 / 22.50
        Case("openai", "gpt-5.4", Tokens(10_000, 1000, 4_000), "0.031"),
        Case("openai", "gpt-5.4", Tokens(272_000, 1000), "0.695"),
        Case("openai", "gpt-5.4", Tokens(272_001, 1000), "1.382505"),
    ],
    "https://openai.com/api-priority-processing/": [
        # gpt-5 and 5.1: 2.50 / 20, cached 0.25; gpt-5.2: 3.50 / 28, 0.35; gpt-5.4: 5 / 30, 0.50
        Case("openai", "gpt-5", Tokens(10_000, 2_000, 4_000), "0.056", tier="priority"),
        Case("openai", "gpt-5.1", Tokens(10_000, 2_000, 4_000), "0.056", tier="priority"),
        Case("openai", "gpt-5.2", Tokens(10_000, 2_000, 4_000), "0.0784", tier="priority"),
        Case("openai", "gpt-5.4", Tokens(10_000, 2_000, 4_000), "0.092", tier="priority"),
        # gpt-5-mini: 0.45 / 3.60, 0.045; gpt-4.1: 3.50 / 14, 0.875
        Case("openai", "gpt-5-mini", Tokens(10_000, 2_000, 4_000), "0.01008", tier="priority"),
        Case("openai", "gpt-4.1", Tokens(1000, 500, 200), "0.009975", tier="priority"),
    ],
    # Quotes https://platform.openai.com/docs/pricing of 3 June 2025
    "https://hex.pm/packages/openai_responses/0.4.1/files/lib/responses/pricing.ex": [
        # gpt-4o: 2.50 / 10, cached 1.25; of 2024-05-13: 5 / 15; the plain tier is called `default`
        Case("openai", "gpt-4o", Tokens(1000, 100), "0.0035", tier="default"),
        Case("openai", "gpt-4o", Tokens(1000, 100, 10), "0.0034875"),
        Case("openai", "gpt-4o-2024-08-06", Tokens(7, 3), "0.0000475"),
        Case("openai", "gpt-4o", Tokens(0, 0), "0"),
        Case("openai", "gpt-4o-2024-05-13", Tokens(1000, 1000), "0.02"),
        # gpt-4.1: 2 / 8, 0.50; mini: 0.40 / 1.60, 0.10; nano: 0.10 / 0.40, 0.025
        Case("openai", "gpt-4.1", Tokens(999, 1, 999), "0.0005075"),
        Case("openai", "gpt-4.1-mini", Tokens(100_000, 100_000, 50_000), "0.185"),
        Case("openai", "gpt-4.1-nano", Tokens(100_000, 100_000, 50_000), "0.04625"),
    ],
    "https://community.openai.com/t/search-web-using-openai-api/1363698": [
        # 10 for 1,000 web searches
        Case("openai", "gpt-4o", Tokens(1000, 100, web_searches=3), "0.0335"),
    ],
    "https://benchlm.ai/blog/posts/openai-api-pricing": [
        # Of 13 April 2026. gpt-5.2: 1.75 / 14, 0.175; 5.1: 1.25 / 10, 0.125; 5.4 in batches 1.25 / 7.50
        Case("openai", "gpt-5.2", Tokens(10_000, 2_000, 4_000), "0.0392"),
        Case("openai", "gpt-5.1", Tokens(10_000, 2_000, 4_000), "0.028"),
        Case("openai", "gpt-5.4", Tokens(1000, 1000), "0.00875", tier="batch"),
        # gpt-5.4-mini: 0.75 / 4.50, 0.075; nano: 0.20 / 1.25, 0.02
        Case("openai", "gpt-5.4-mini", Tokens(10_000, 2_000, 4_000), "0.0138"),
        Case("openai", "gpt-5.4-nano", Tokens(10_000, 2_000, 4_000), "0.00378"),
    ],
    "https://modelpedia.dev/openai/o3-mini": [
        # 1.10 / 4.40, cached 0.55; in batches half of it
        Case("openai", "o3-mini", Tokens(333, 333), "0.0018315"),
        Case("openai", "o3-mini", Tokens(1000, 100, 500), "0.001265"),
        Case("openai", "o3-mini", Tokens(1000, 1000), "0.00275", tier="batch"),
    ],
    "https://tokenprice.fyi/models/text-embedding-3-small": [
        # 0.02; embeddings have input only
        Case("openai", "text-embedding-3-small", Tokens(50), "0.000001"),
    ],
    # Quotes https://platform.openai.com/docs/pricing of May 2026
    "https://aimodelcalc.pages.dev/guides/openai-api-pricing.html": [
        # gpt-4o-mini: 0.15 / 0.60; gpt-3.5-turbo: 0.50 / 1.50
        Case("openai", "gpt-4o-mini", Tokens(1), "0.00000015"),
        Case("openai", "gpt-4o-mini", Tokens(1_000_000, 1_000_000), "0.75"),
        Case("openai", "gpt-3.5-turbo", Tokens(100, 100), "0.0002"),
    ],
    LAOZHANG + "gpt-5-6-pricing-2026-07": [
        # gpt-5.6-luna: 1 / 6, cached 0.10; from 30 July 2026 a fifth of each
        Case("openai", "gpt-5.6-luna", Tokens(10_000, 1000, 2_000), "0.0142", on("2026-07-29T23:59:59")),
        Case("openai", "gpt-5.6-luna", Tokens(10_000, 1000, 2_000), "0.00284", on("2026-07-30")),
    ],
    LAOZHANG + "gpt-5-6-sol-price-cut-2026-09": [
        # gpt-5.6-sol: 5 / 30; from 21 August 2026 4 / 20
        Case("openai", "gpt-5.6-sol", Tokens(1000, 1000), "0.035", on("2026-08-20")),
        Case("openai", "gpt-5.6-sol", Tokens(1000, 1000), "0.024", on("2026-08-21")),
    ],
    "https://aitoolrate.com/blog/2025-guide-how-much-does-openais-o3-model-cost-per-generation-explained": [
        # o3: 10 / 40, from the middle of 2025 2 / 8
        Case("openai", "o3", Tokens(1000, 1000), "0.05", on("2025-05-01")),
        Case("openai", "o3", Tokens(1000, 1000), "0.01", on("2025-07-01")),
    ],
    "https://deploybase.ai/articles/gemini-api-pricing": [
        # gemini-2.5-pro: 1.25 / 10, above 200,000 tokens 2.50 / 15, cached a tenth; 2.5-flash: 0.30 / 2.50
        Case("gemini", "gemini-2.5-pro", Tokens(200_000, 1000), "0.26"),
        Case("gemini", "gemini-2.5-pro", Tokens(200_001, 1000), "0.5150025"),
        Case("gemini", "gemini-2.5-pro", Tokens(200_001, 1000, 100_000), "0.2900025"),
        Case("google", "google/gemini-2.5-flash", Tokens(1000, 100), "0.00055"),
    ],
    "https://www.morphllm.com/gemini-api-pricing": [
        # gemini-2.5-flash-lite: 0.10 / 0.40; 3.1-pro: 2 / 12
        Case("gemini", "gemini-2.5-flash-lite", Tokens(1000, 1000), "0.0005"),
        Case("gemini", "gemini-3.1-pro-preview", Tokens(1000, 1000), "0.014"),
    ],
    "https://api-docs.deepseek.com/quick_start/pricing": [
        # deepseek-chat: 0.27 / 1.10, cached 0.07; reasoner: 0.55 / 2.19, 0.14; from 16:30 to 00:30 UTC both
        # 0.135 / 0.55, 0.035; after 5 September 2025 0.56 / 1.68, 0.07 at any hour
        Case("deepseek", "deepseek-chat", Tokens(1000, 1000, 400), "0.00129", on("2025-09-04T16:29:59")),
        Case("deepseek", "deepseek-chat", Tokens(1000, 1000, 400), "0.000645", on("2025-09-04T16:30:00")),
        Case("deepseek", "deepseek-reasoner", Tokens(1000, 1000, 400), "0.002576", on("2025-09-04T12:00:00")),
        Case("deepseek", "deepseek-reasoner", Tokens(1000, 1000, 400), "0.000645", on(NIGHT)),
        Case("deepseek", "deepseek-chat", Tokens(1000, 1000, 400), "0.002044", on("2025-09-10T18:00:00")),
    ],
    "https://benchlm.ai/blog/posts/deepseek-api-pricing": [
        # Of 13 April 2026. deepseek-chat and -reasoner: 0.28 / 0.42, cached 0.028
        Case("deepseek", "deepseek-chat", Tokens(1000, 1000, 400), "0.0005992", on("2026-02-06T16:29:59")),
        Case("deepseek", "deepseek-chat", Tokens(1000, 1000, 400), "0.0005992", on("2026-02-06T16:30:00")),
        Case("deepseek", "deepseek-reasoner", Tokens(1000, 1000, 400), "0.0005992", on("2026-02-06")),
    ],
    "https://api-docs.deepseek.com/quick_start/pricing/?ref=runtimewire": [
        # deepseek-flash: 0.15 / 0.60, 0.003; v4-pro: 0.66 / 1.98, 0.022; in busy hours twice of each
        Case("deepseek", "deepseek-flash", Tokens(1000, 1000, 400), "0.0006912"),
        Case("deepseek", "deepseek-flash", Tokens(1000, 1000, 400), "0.0013824", on(BUSY)),
        Case("deepseek", "deepseek-v4-pro", Tokens(1000, 1000, 400), "0.0023848"),
        Case("deepseek", "deepseek-v4-pro", Tokens(1000, 1000, 400), "0.0047696", on(BUSY)),
    ],
    "https://docs.x.ai/developers/models/grok-4.20-0309.md": [
        # 1.25 / 2.50, cached 0.20; from 200,000 tokens on twice of each
        Case("xai", "grok-4.20", Tokens(199_999, 1000, 100_000), "0.14749875"),
        Case("xai", "grok-4.20", Tokens(200_000, 1000, 100_000), "0.295"),
    ],
    "https://docs.x.ai/developers/models.md": [
        # grok-4-1-fast: 0.20 / 0.50, cached 0.05
        Case("xai", "grok-4-1-fast-reasoning", Tokens(10_000, 1000, 5_000), "0.00175"),
    ],
    "https://developer.puter.com/tutorials/cohere-api-pricing/": [
        # Of June 2026. command-r: 0.15 / 0.60; r7b: 0.0375 / 0.15
        Case("cohere", "command-r", Tokens(1000, 1000), "0.00075"),
        Case("cohere", "command-r7b-12-2024", Tokens(1000, 1000), "0.0001875"),
    ],
    "https://openrouter.ai/openai/gpt-4o/parameters": [
        # 2.50 / 10
        Case("openrouter", "openai/gpt-4o", Tokens(1000, 100), "0.0035"),
        Case("litellm", "openrouter/openai/gpt-4o", Tokens(1000, 100), "0.0035"),
    ],
}

UNCONFIRMED = [
    # What no page that could be read confirms: these say how the list is read, and not that it is right.
    # gpt-4o-mini cached 0.075; gpt-4: 30 / 60; gpt-3.5-turbo's cached tokens cost what the others cost
    Case("openai", "gpt-4o-mini", Tokens(1, 1, 1), "0.000000675"),
    Case("openai", "gpt-4o-mini", Tokens(123_456, 7_890, 1_024), "0.0231756"),
    Case("openai", "gpt-4", Tokens(9, 9), "0.00081"),
    Case("openai", "gpt-3.5-turbo", Tokens(100, 0, 50), "0.00005"),
    # Embeddings: text-embedding-3-large 0.13, voyage-3 0.06
    Case("openai", "text-embedding-3-large", Tokens(8191), "0.00106483"),
    Case("voyageai", "voyage-3", Tokens(1000), "0.00006"),
    # gpt-audio: text 2.50 / 10, audio 32 / 64: 400 × 2.5 + 600 × 32 + 100 × 10 + 400 × 64
    Case("openai", "gpt-audio", Tokens(1000, 500, prompt_audio=600, completion_audio=400), "0.0468"),
    # gpt-4o: priority 4.25 / 17, cached 2.125; gpt-5: flex and batch half of 1.25 / 10, cached 0.125
    Case("openai", "gpt-4o", Tokens(1000, 100, 200), "0.005525", tier="priority"),
    Case("openai", "gpt-5", Tokens(10_000, 2_000, 4_000), "0.014", tier="flex"),
    Case("openai", "gpt-5", Tokens(10_000, 2_000, 4_000), "0.014", tier="batch"),
    Case("openai", "gpt-4.1", Tokens(1000, 500), "0.003", tier="batch"),
    Case("anthropic", "claude-sonnet-4-6", Tokens(100_000, 2_000), "0.165", tier="batch"),
    # claude-opus-5: fast mode 10 / 50, searches 10 for 1,000 at any place
    Case("anthropic", "claude-opus-5", Tokens(1000, 1000), "0.06", tier="fast"),
    Case("anthropic", "claude-opus-5", Tokens(1000, 1000), "0.066", tier="fast-us"),
    Case("anthropic", "claude-opus-5", Tokens(1000, 1000, web_searches=1), "0.043", tier="us"),
    # gpt-5.4 above 272,000 tokens: cached 0.50
    Case("openai", "gpt-5.4", Tokens(300_000, 1000, 100_000), "1.0725"),
    # claude-sonnet-4-5 above 200,000 tokens: 6 / 22.50, 0.60, 7.50, 12
    # 20,000 × 6 + 200,000 × 0.6 + 20,000 × 7.5 + 10,000 × 12 + 1,000 × 22.5
    Case("anthropic", "claude-sonnet-4-5-20250929", Tokens(200_001, 1000), "1.222506"),
    Case("anthropic", "claude-sonnet-4-5", Tokens(250_000, 1000, 200_000, 30_000, 10_000), "0.5325"),
    # claude-haiku-5-5: 0.10 / 0.50; above 100,000: 0.50 / 2.50
    Case("anthropic", "claude-haiku-5-5", Tokens(100_000, 1000), "0.0105"),
    Case("anthropic", "claude-haiku-5-5", Tokens(100_001, 1000), "0.0525005"),
    # amazon.nova-pro: 0.80 / 3.20, cached 0.20; grok-4: 3 / 15, cached 0.75
    Case("bedrock", "amazon.nova-pro-v1:0", Tokens(10_000, 1000, 4_000), "0.0088"),
    Case("xai", "grok-4", Tokens(1000, 100, 400), "0.0036"),
    # gemini-2.5-flash: 0.30 / 2.50, audio 1: 6,000 × 0.3 + 4,000 × 1 + 1,000 × 2.5
    Case("vertex_ai", "gemini-2.5-flash", Tokens(10_000, 1000, prompt_audio=4_000), "0.0083"),
    # o3's very day, which is that in UTC; gpt-5.6-luna: written 1.25, then 0.25
    Case("openai", "o3", Tokens(1000, 1000), "0.05", on("2025-06-09T23:59:59")),
    Case("openai", "o3", Tokens(1000, 1000), "0.01", on("2025-06-10")),
    Case("openai", "o3", Tokens(1000, 1000), "0.05",
         datetime(2025, 6, 10, 1, tzinfo=timezone(timedelta(hours=2)))),
    Case("openai", "gpt-5.6-luna", Tokens(10_000, 1000, 2_000, 3_000), "0.01495", on("2026-07-29T23:59:59")),
    Case("openai", "gpt-5.6-luna", Tokens(10_000, 1000, 2_000, 3_000), "0.00299", on("2026-07-30")),
    # mistral-small: 0.10 / 0.30; from 16 March 2026 0.15 / 0.60
    Case("mistral", "mistral-small-latest", Tokens(1000, 1000), "0.0004", on("2026-03-15")),
    Case("mistral", "mistral-small-latest", Tokens(1000, 1000), "0.00075", on("2026-03-16")),
    # Azure and Bedrock sell others' models at the makers' prices: gpt-4o 2.50 / 10, claude-3-5-sonnet 3 / 15
    Case("azure", "gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("azure.ai.openai", "gpt-4o-2024-08-06", Tokens(1000, 100), "0.0035"),
    Case("azure", "o3-mini", Tokens(1000, 100, 500), "0.001265"),
    Case("aws.bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", Tokens(1000, 500), "0.0105"),
    Case("bedrock", "us-east-1/anthropic.claude-3-5-sonnet-20241022-v2:0", Tokens(1000, 500), "0.0105"),
    # Vertex: claude-sonnet-4-5 3 / 15, gemini-2.5-flash 0.30 / 2.50
    Case("gcp.vertex_ai", "claude-sonnet-4-5@20250929", Tokens(1000, 500), "0.0105"),
    Case("vertex_ai", "publishers/google/models/gemini-2.5-flash", Tokens(1000, 100), "0.00055"),
    # Llama 3.3 70B at Together: 0.88 / 0.88, at Groq, which calls the plain tier `on_demand`: 0.59 / 0.79
    Case("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", Tokens(1000, 1000), "0.00176"),
    Case("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo", Tokens(1000, 1000), "0.00176"),
    Case("groq", "llama-3.3-70b-versatile", Tokens(1000, 1000), "0.00138", tier="on_demand"),
    # OpenRouter: claude-sonnet-4.5 3 / 15, and what it calls free
    Case("openrouter", "anthropic/claude-sonnet-4.5", Tokens(1000, 500), "0.0105"),
    Case("openrouter", "deepseek/deepseek-r1:free", Tokens(1000, 500), "0"),
    # LiteLLM's proxy names the seller before the model, or is asked for a model of its maker
    Case("litellm", "openai/gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("litellm", "azure/gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("litellm", "anthropic/claude-3-5-haiku-latest", Tokens(1000, 10, 500), "0.00048"),
    Case("litellm-eu", "bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0", Tokens(1000, 500), "0.0105"),
    Case("litellm", "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo", Tokens(1000, 1000), "0.00176"),
    Case("litellm", "gpt-4o", Tokens(1000, 100), "0.0035"),
    Case("litellm", "claude-sonnet-4-5", Tokens(1000, 500), "0.0105"),
    # Instrumentations add the API to the provider
    Case("openai.responses", "gpt-4o", Tokens(1000, 100), "0.0035"),
]  # fmt: skip

"""Under which names a call may stand in a price list: the seller's, and the model's there. Pure.

Providers have many names: those of the proxy's routes, of LITELLM_PROVIDERS, of LiteLLM's model prefixes
(`vertex_ai/…`), and of OpenTelemetry's `gen_ai.provider.name` (`aws.bedrock`). Only names that are certain
are translated. A model's name with a maker in front (`openai/gpt-oss-20b`) says who made the model, and not
who sells it, so it is trusted of LiteLLM's gateway alone, where the first part does name the seller.
"""

from collections.abc import Container, Iterator

SELLERS = {
    "amazon": "aws", "amazon-bedrock": "aws", "aws.bedrock": "aws", "aws_bedrock": "aws", "bedrock": "aws",
    "bedrock_converse": "aws",
    "az.ai.inference": "azure", "az.ai.openai": "azure", "azure-openai": "azure",
    "azure.ai.inference": "azure", "azure.ai.openai": "azure", "azure_ai": "azure", "azure_openai": "azure",
    "cerebras_ai": "cerebras", "cohere_chat": "cohere",
    "fireworks-ai": "fireworks", "fireworks_ai": "fireworks",
    "gcp.gemini": "google", "gcp.gen_ai": "google", "gcp.vertex_ai": "google", "gemini": "google",
    "google-vertex": "google", "google.generative-ai": "google", "google.vertex": "google",
    "vertex": "google", "vertex_ai": "google", "vertex_ai_beta": "google",
    "mistral_ai": "mistral", "mistralai": "mistral", "moonshot": "moonshotai",
    "together-ai": "together", "together_ai": "together", "togetherai": "together",
    "voyage": "voyageai", "x_ai": "x-ai", "xai": "x-ai",
}  # fmt: skip
"""Other names of sellers, in lower case, and what genai-prices calls them."""

LOCAL = frozenset(
    {"ollama", "ollama_chat", "vllm", "hosted_vllm", "llamafile", "lm_studio", "lmstudio", "localai"}
)
"""Servers of one's own: what they cost only their owner can say."""
_TELLING = frozenset({"openrouter", "perplexity"})
"""Sellers whose answers tell what a call cost; others' `cost` may be of any currency and unit."""
_APIS = (".chat", ".completion", ".embedding", ".embeddings", ".messages", ".responses")
"""What some instrumentations add to a provider's name: `openai.responses`, `anthropic.messages`."""


def seller_of(provider: str) -> str:
    """Give a provider's name as price lists write it."""
    name = provider.strip().lower()
    for api in _APIS:
        name = name.removesuffix(api)
    return SELLERS.get(name, name)


def tells_costs(provider: str, asked: str) -> bool:
    """Say whether the answers of this provider tell in US dollars what it bills, its key's own cost too."""
    seller = seller_of(asked.partition("/")[0] if is_gateway(provider) else provider)
    return seller in _TELLING


def is_gateway(provider: str) -> bool:
    """Say whether this is LiteLLM's own proxy, whose models belong to others: `litellm`, `litellm-eu`."""
    name = provider.strip().lower()
    return name == "litellm" or name.startswith(("litellm-", "litellm_"))


def sold_as(provider: str, model: str, listed: Container[str]) -> Iterator[tuple[str, str]]:
    """Give seller and model as a list may have them, the most literal first; `listed` are its sellers.

    An empty seller means: whoever makes a model of this name.
    """
    seller = seller_of(provider)
    first, slash, rest = model.partition("/")
    if is_gateway(provider):
        if not slash:
            yield "", model
            return
        seller, model = seller_of(first), rest
        first, slash, rest = model.partition("/")
    if seller in LOCAL or seller not in listed:
        return
    yield seller, model
    if slash and seller_of(first) == seller:
        yield seller, rest
    if slash and seller in {"aws", "google"}:
        # us-east-1/anthropic.claude-…, converse/…, models/gemini-…, publishers/anthropic/models/claude-…
        yield seller, model.rpartition("/")[2]

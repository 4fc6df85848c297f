"""What the demo's models say, and how their tokens are counted (pure, deterministic).

A token is a run of letters and digits, or one other visible character. The rule is simpler than a real
tokenizer's and honest: what is counted is what is sent.
"""

import hashlib
import re
from typing import Any

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PIECE = re.compile(r"\s*(?:\w+|[^\w\s])")
MESSAGE_TOKENS = 4
"""Per message, for its role and its frame, as OpenAI's chat format adds some."""

_OPENINGS = (
    "In short, the matter is simpler than it looks.",
    "Three observations stand out.",
    "The evidence points in one direction.",
    "Two forces pull against each other here.",
)
_MIDDLES = (
    "Teams that measure before they change keep their queues short and their nights quiet.",
    "A late message costs little; a retry without a limit costs a whole afternoon.",
    "What cannot be seen cannot be fixed, so the first step is to write down what happened.",
    "Small steps, checked one at a time, beat a large plan that nobody reads.",
    "Costs follow attention: prompts grow until somebody counts their tokens.",
    "The slowest part of a system is rarely the part that complains.",
)
_ENDINGS = (
    "That is a good place to begin.",
    "The rest follows from there.",
    "Everything else can wait until tomorrow.",
)


def count_tokens(text: str) -> int:
    """Count the tokens of a text."""
    return len(_TOKEN.findall(text))


def pieces_of(text: str) -> list[str]:
    """Cut a text into its tokens, each with the space before it: joined they are the text."""
    return _PIECE.findall(text)


def prompt_tokens(messages: list[dict[str, Any]]) -> int:
    """Count the tokens of a chat's messages."""
    return sum(MESSAGE_TOKENS + count_tokens(text_of(message.get("content"))) for message in messages)


def text_of(content: Any) -> str:
    """Give the text of a message's content: a text, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))


def seed_of(model: str, messages: list[dict[str, Any]]) -> int:
    """Give the number that decides an answer: the same chat gets the same words."""
    told = model + "".join(text_of(message.get("content")) for message in messages)
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8])


def answer(model: str, messages: list[dict[str, Any]], max_tokens: int) -> tuple[str, bool]:
    """Give the answer to a chat, and whether `max_tokens` cut it."""
    seed = seed_of(model, messages)
    middles = [_MIDDLES[(seed >> shift) % len(_MIDDLES)] for shift in (4, 12, 20, 28)][: 2 + seed % 3]
    text = " ".join((
        _OPENINGS[seed % len(_OPENINGS)], *dict.fromkeys(middles), _ENDINGS[seed % len(_ENDINGS)]
    ))  # fmt: skip
    pieces = pieces_of(text)
    return "".join(pieces[:max_tokens]), len(pieces) > max_tokens

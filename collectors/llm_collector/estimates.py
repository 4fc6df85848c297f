"""How many tokens a text probably has, where a provider tells no count (pure).

Measured against the tokenizers that OpenAI publishes: docs/ARCHITECTURE.md has the table. A provider's own
tokenizer is not asked: it would have to be known for each model, and would cost milliseconds for each call.
"""

import re
from collections.abc import Iterator
from typing import Any

CHARACTERS_PER_TOKEN = 4
"""The usual rule of thumb: within a tenth for long English texts and for code."""
_WIDE = re.compile("[\u3000-\ud7ff\uf000-\U0010ffff]+")
"""Han, Kana, Hangul and pictures: about three quarters of a token a character."""
FINE_WEIGHT = 3
"""Of a wide character, and of a quotation mark: where those are, JSON's braces, colons and commas are too."""
_NO_TEXT = frozenset({
    "b64_json", "data", "encrypted_content", "file_data", "image_url", "images", "signature", "url",
})  # fmt: skip
"""Fields that hold pictures, sound, files and seals: their length says nothing of tokens."""


def characters_of(value: Any) -> int:
    """Count the characters of all texts inside a JSON value, such as a request's messages.

    Those that tokenizers cut finer count as three: see `weighed`.
    """
    return sum(weighed(text) for text in texts_of(value))


def texts_of(value: Any) -> Iterator[str]:
    """Give all texts inside a JSON value but those of pictures and files, in no certain order."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                if not text.startswith("data:"):
                    yield text
            case list() as items:
                waiting.extend(items)
            case dict() as fields:
                waiting.extend(part for name, part in fields.items() if name not in _NO_TEXT)


def weighed(text: str) -> int:
    """Give a text's length in characters, those that tokenizers cut finer counted as three."""
    finer = text.count('"')
    if not text.isascii():
        finer += sum(map(len, _WIDE.findall(text)))
    return len(text) + (FINE_WEIGHT - 1) * finer


def estimated_tokens(characters: int) -> int:
    """Estimate the tokens of a text by its weighed length, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)

"""Outlines for texts, by what the topic asks for (pure)."""

_KINDS = (
    (("incident", "late", "failed"), ("What happened", "Why it happened", "What changes now")),
    (("guide", "reading", "how"), ("What you see", "What it means", "What to do")),
    (("invitation", "review"), ("The occasion", "What to bring", "When and where")),
    (("summary", "spent", "week"), ("The number", "Where it came from", "What stands out")),
)
_PLAIN = ("The point", "The reasons", "The next step")


def outline_of(topic: str) -> list[str]:
    """Give the headings of a text on a topic."""
    told = topic.lower()
    return list(next((headings for words, headings in _KINDS if any(w in told for w in words)), _PLAIN))

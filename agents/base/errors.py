"""What goes wrong in an agent, and which category a diagnosis files it under (SPEC §6)."""

import json

from schema.errors import InvalidMessage, OracleError


class ToolFailed(OracleError):  # noqa: N818 - named for what happened
    """A tool did not do its work."""


class ModelError(OracleError):
    """The language model did not answer as asked."""

    category = "unknown"


class RateLimited(ModelError):  # noqa: N818 - as the providers call it
    """The model's rate limit stood against us for longer than we wait."""

    category = "rate_limit"
    retry_after_seconds: float | None = None
    """As the provider said."""


class QuotaExhausted(ModelError):  # noqa: N818 - as the providers call it
    """The account is empty: waiting does not help."""

    category = "quota"


class ModelRefused(ModelError):  # noqa: N818 - named for what happened
    """The provider refused the request; the category says why."""

    def __init__(self, text: str, category: str) -> None:
        super().__init__(text)
        self.category = category


class ModelUnavailable(ModelError):  # noqa: N818 - named for the state
    """Nobody answers at the model's address, or the answer broke off."""

    category = "network"


_CATEGORIES: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "timeout"),
    (ToolFailed, "tool"),
    (InvalidMessage, "parsing"),
    (json.JSONDecodeError, "parsing"),
    (UnicodeDecodeError, "parsing"),
    (MemoryError, "resource"),
    (OSError, "network"),
)
"""The first that fits: a TimeoutError is an OSError too."""


def category_of(error: BaseException) -> str:
    """File an error under one of SPEC §6's categories."""
    if isinstance(error, ModelError):
        return error.category
    return next((category for kind, category in _CATEGORIES if isinstance(error, kind)), "unknown")


def text_of(error: BaseException) -> str:
    """Give an error's text as JSON can carry it, also where the error does not want to tell it."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error of an agent's own may have any fault
        text = "(its text cannot be had)"
    return text.encode(errors="replace").decode()

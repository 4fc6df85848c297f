"""Whose key a request carries: LLM_KEY_LABELS and a request's headers → a label (pure).

The operator tells the SHA-256 of each key, never a key. Of a request's key only the digest is made, looked up
and let go; nothing of either is kept, logged or recorded.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping

import msgspec
from msgspec import UNSET, UnsetType

from schema.errors import SettingError
from schema.types import Id

DEFAULT_LABEL = "default"
"""What a key without a label is called."""
_FORM = 'a JSON list like [{"label": "team-a", "sha256": "9f86d0…", "agent": "researcher"}] is taken'
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY_HEADERS = ("x-api-key", "api-key", "x-goog-api-key")
"""Where Anthropic, Azure and Google take a key; everybody else takes `authorization: Bearer`."""


class KeyLabel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a key: its label, and the agent that uses it where it is one agent's alone."""

    label: Id
    sha256: str = ""
    agent: Id | UnsetType = UNSET


UNLABELLED = KeyLabel(DEFAULT_LABEL)


class Keys:
    """The labels by the digests of their keys. Raises SettingError when they are not such a list."""

    def __init__(self, told: str = "[]") -> None:
        try:
            entries = msgspec.json.decode(told, type=list[KeyLabel])
        except msgspec.DecodeError:
            raise SettingError(f"LLM_KEY_LABELS is wrong: {_FORM}") from None
        self._labels: dict[str, KeyLabel] = {}
        for one in entries:
            digest = one.sha256.lower()
            if not _DIGEST.fullmatch(digest):
                raise SettingError("LLM_KEY_LABELS is wrong: a sha256 has 64 hexadecimal digits")
            if digest in self._labels:
                raise SettingError("LLM_KEY_LABELS is wrong: it names the same sha256 twice")
            if one.label == DEFAULT_LABEL:
                raise SettingError(
                    f"LLM_KEY_LABELS is wrong: {DEFAULT_LABEL!r} is the label of all keys without one"
                )
            self._labels[digest] = one

    def of(self, headers: Mapping[str, str]) -> KeyLabel:
        """Give the label of a request's key (header names in lower case)."""
        if self._labels:
            for key in _keys(headers):
                if label := self._labels.get(hashlib.sha256(key.encode(errors="replace")).hexdigest()):
                    return label
        return UNLABELLED


def _keys(headers: Mapping[str, str]) -> Iterator[str]:
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        yield credentials.strip()
    for name in _KEY_HEADERS:
        if name in headers:
            yield headers[name].strip()

"""Is a snapshot valid? The JSON Schema beside this file decides: in words, or as a quick yes or no.

`report` tells an engineer what is wrong (jsonschema); `is_valid` is for hot paths (jsonschema-rs).
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
from jsonschema import Draft202012Validator, FormatChecker

from schema.types import Time

SCHEMA_FILE = Path(__file__).parent / "oracle_state.schema.json"
MAX_FINDINGS = 1000
MAX_MESSAGE_CHARACTERS = 500


class Finding(msgspec.Struct, frozen=True):
    """Where a document breaks the schema: JSON path, sentence, and the rule's path in the schema."""

    path: str
    message: str
    schema_path: str


@cache
def schema_text() -> bytes:
    """Give the snapshot's JSON Schema as it is published."""
    return SCHEMA_FILE.read_bytes()


def report(document: object) -> list[Finding]:
    """Say what is wrong with a decoded snapshot, in the document's order; at most 1,000 findings."""
    errors = sorted(
        _validator().iter_errors(document), key=lambda error: [str(p) for p in error.absolute_path]
    )
    return [
        Finding(error.json_path, _short(error.message), "/".join(str(part) for part in error.schema_path))
        for error in errors[:MAX_FINDINGS]
    ]


def is_valid(document: object) -> bool:
    """Say whether a snapshot, decoded or as JSON bytes, keeps the schema; bytes that are no JSON do not."""
    if isinstance(document, bytes):
        try:
            document = msgspec.json.decode(document)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
    return bool(_quick_validator().is_valid(document))


@cache
def _validator() -> Any:
    checker = FormatChecker(formats=["uuid"])
    # jsonschema itself checks date-time only with one more package, and silently not at all without it.
    checker.checks("date-time", raises=msgspec.ValidationError)(_is_time)
    return Draft202012Validator(json.loads(schema_text()), format_checker=checker)


@cache
def _quick_validator() -> Any:
    return jsonschema_rs.Draft202012Validator(json.loads(schema_text()), validate_formats=True)


def _is_time(value: object) -> bool:
    # A format speaks of strings only; whether it is one is another rule's business.
    if isinstance(value, str):
        msgspec.convert(value, Time)
    return True


def _short(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE_CHARACTERS else f"{message[:MAX_MESSAGE_CHARACTERS]}…"

"""Both validators give the same verdict on the same document."""

from typing import Any

import msgspec
import pytest

from schema.validate import MAX_MESSAGE_CHARACTERS, is_valid, report
from tests.api.fakes import snapshot

BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"extra": 1}, "$"),
    ({"id": "no-uuid"}, "$.id"),
    ({"timestamp": "yesterday"}, "$.timestamp"),
    ({"timestamp": "2026-02-06T14:32:12"}, "$.timestamp"),
    ({"agents": None}, "$.agents"),
    ({"schema_version": "9"}, "$.schema_version"),
    ({"environment": ""}, "$.environment"),
]


def test_a_snapshot_with_something_of_everything_is_valid_as_object_and_as_bytes() -> None:
    assert report(snapshot()) == []
    assert is_valid(snapshot())
    assert is_valid(msgspec.json.encode(snapshot()))


@pytest.mark.parametrize(("parts", "path"), BROKEN)
def test_what_is_broken_is_found_by_both(parts: dict[str, Any], path: str) -> None:
    document = snapshot() | parts
    assert [one.path for one in report(document)] == [path]
    assert not is_valid(document)
    assert not is_valid(msgspec.json.encode(document))


@pytest.mark.parametrize("text", [b"", b"hello", b"\xff", b"null", b"[" * 100_000])
def test_bytes_that_are_no_document_are_not_valid(text: bytes) -> None:
    assert not is_valid(text)


def test_a_message_stays_short_whatever_the_value_is() -> None:
    (found,) = report(snapshot(agents="x" * 100_000))
    assert len(found.message) <= MAX_MESSAGE_CHARACTERS + 1

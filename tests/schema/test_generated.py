"""The JSON Schemas on disk are those of the Structs, valid, strict and without nulls."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from jsonschema import Draft202012Validator

from schema import generate, models, wire

DOCUMENTS = [generate.snapshot_schema(), generate.live_schema()]


def subschemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield each object of a schema document, and so each subschema in it."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from subschemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from subschemas(value)


def a_snapshot(cost_usd: Decimal) -> models.Snapshot:
    return models.Snapshot(
        id=UUID(int=1),
        timestamp=datetime(2026, 2, 6, tzinfo=UTC),
        environment="default",
        schema_version="1.0",
        agents=[],
        workload=[],
        queues=[],
        litellm=[],
        llm_usage=models.LlmUsage(
            day="2026-02-06",
            calls=1,
            prompt_tokens=1,
            completion_tokens=1,
            cost_usd=cost_usd,
            unpriced_calls=0,
            cost_usd_total=cost_usd,
            in_flight=[],
            by_agent=[],
            by_model=[],
        ),
        alerts=[],
        incidents=[],
        sources=[],
    )


def test_the_files_on_disk_are_the_generated_ones() -> None:
    for path, text in generate.files().items():
        assert path.read_text(encoding="utf-8") == text, f"run python -m schema.generate ({path.name})"
    assert generate.main(["--check"]) == 0


def test_check_fails_and_writes_nothing_when_a_file_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    assert generate.main(["--check"]) == 1
    assert "live.schema.json differs" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["$id"])
def test_each_schema_is_valid_under_draft_2020_12(document: dict[str, Any]) -> None:
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["$id"])
def test_no_null_and_no_open_object_occurs(document: dict[str, Any]) -> None:
    for schema in subschemas(document):
        kind = schema.get("type")
        assert kind != "null"
        assert not (isinstance(kind, list) and "null" in kind)
        assert None not in schema.get("enum", [])
        if kind == "object":
            assert schema["additionalProperties"] is False
            assert "properties" in schema


def test_money_is_a_number_that_is_not_negative() -> None:
    cost = DOCUMENTS[0]["$defs"]["AgentUsage"]["properties"]["cost_usd"]
    assert cost["type"] == "number"
    assert cost["minimum"] == 0
    assert all(schema.get("format") != "decimal" for document in DOCUMENTS for schema in subschemas(document))


def test_an_encoded_snapshot_passes_and_an_unknown_field_does_not() -> None:
    validator = Draft202012Validator(DOCUMENTS[0])
    document = msgspec.json.decode(wire.encode(a_snapshot(Decimal("0.000000000001"))))
    assert list(validator.iter_errors(document)) == []
    document["llm_usage"]["surprise"] = 1
    (error,) = validator.iter_errors(document)
    assert "surprise" in error.message

"""Structs to JSON Schema: writes the two schema files that everything outside Python reads.

`python -m schema.generate` writes `oracle_state.schema.json` (the snapshot) and `live.schema.json` (the live
messages) beside this file; with `--check` it writes nothing and exits 1 when a file differs. The frontend's
types are generated from those files by `npm run generate`.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from schema.messages import LiveMessage
from schema.models import SCHEMA_VERSION, Snapshot

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parent

_MONEY = {"type": "number", "minimum": 0, "description": "US dollars"}
_DECIMAL = {"type": "string", "format": "decimal"}


def snapshot_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of the snapshot; strict, without nulls."""
    return _document(Snapshot, f"urn:oracle-monitor:oracle_state:{SCHEMA_VERSION}", "Oracle Monitor snapshot")


def live_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of the live messages; the value of a change may be anything."""
    return _document(LiveMessage, f"urn:oracle-monitor:live:{SCHEMA_VERSION}", "Oracle Monitor live message")


def files() -> dict[Path, str]:
    """Give each schema file's path and the text that it must have."""
    return {
        FOLDER / "oracle_state.schema.json": _text(snapshot_schema()),
        FOLDER / "live.schema.json": _text(live_schema()),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with `--check` compare them; 0 when all is in agreement, else 1."""
    parser = argparse.ArgumentParser(prog="python -m schema.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when a file differs")
    check = parser.parse_args(arguments).check
    differing = [path for path, text in files().items() if not _same(path, text)]
    for path in differing:
        if check:
            sys.stderr.write(f"{path.name} differs from the Structs: run python -m schema.generate\n")
        else:
            path.write_text(files()[path], encoding="utf-8")
            sys.stdout.write(f"wrote {path.name}\n")
    return 1 if check and differing else 0


def _document(contract: Any, identity: str, title: str) -> dict[str, Any]:
    (root,), definitions = msgspec.json.schema_components([contract], ref_template="#/$defs/{name}")
    # OpenAPI's `discriminator` is no keyword of JSON Schema; each message's `type` tells them apart already.
    root.pop("discriminator", None)
    return {
        "$schema": DIALECT,
        "$id": identity,
        "title": title,
        **root,
        "$defs": {name: _plain(part) for name, part in sorted(definitions.items())},
    }


def _plain(node: Any) -> Any:
    """Turn msgspec's text decimals into the numbers that travel (`schema.wire.encode`)."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    if _DECIMAL.items() <= node.items():
        return dict(_MONEY)
    return {key: _plain(value) for key, value in node.items()}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())

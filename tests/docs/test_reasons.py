"""docs/TROUBLESHOOTING.md explains every reason for which a message can be rejected, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "TROUBLESHOOTING.md").read_text(encoding="utf-8")
FOLDERS = ("aggregator", "api", "collectors", "runtime", "schema")
RAISED = re.compile(r"InvalidMessage\(\s*\"(\w+)\"")
CHOSEN = re.compile(r"return \"(\w+)\" if [^\n]+ else \"(\w+)\"")


def test_every_reason_is_explained_and_no_other() -> None:
    code = {
        path: path.read_text(encoding="utf-8") for name in FOLDERS for path in (ROOT / name).rglob("*.py")
    }
    raised = {reason for text in code.values() for reason in RAISED.findall(text)}
    chosen = {reason for found in CHOSEN.findall(code[ROOT / "schema" / "wire.py"]) for reason in found}
    section = PAGE[PAGE.index("## Poison messages") :]
    explained = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(explained) == sorted(raised | chosen)

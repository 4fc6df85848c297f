"""The closing line of `make test`."""

import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("checks", Path(__file__).resolve().parents[1] / "checks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_closing_line_says_what_was_skipped_and_why(tmp_path: Path) -> None:
    checks = load()
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite><testcase/><testcase/><testcase><failure/></testcase>"
        "<testcase><skipped message='no Chromium:&#10; apt-get'/></testcase></testsuite></testsuites>"
    )
    passed, skipped = checks.summarise(report)
    outcomes = [checks.Outcome("mypy", True, ""), checks.Outcome("ruff", False, "")]
    line = checks.closing_line(outcomes, passed, False, skipped)
    assert line == "FAILED: ruff, pytest; passed: mypy, 2 tests; skipped: 1 (no Chromium: apt-get)"


def test_nothing_skipped_is_said(tmp_path: Path) -> None:
    checks = load()
    passed, skipped = checks.summarise(tmp_path / "absent.xml")
    assert checks.closing_line([], passed, True, skipped) == "passed: 0 tests; skipped: nothing"
    assert skipped == Counter()

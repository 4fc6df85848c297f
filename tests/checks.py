"""`make test`: every check, then the tests, then one line that says what passed and what was skipped and why.

The static checks of Python and of the frontend run side by side; the tests have the machine for themselves.
`make test-real` is the same without the checks, on the tests of the real control plane (`--real`).
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
FRONTEND = ROOT / "frontend"
REAL_TESTS = "tests/real"

PYTHON_CHECKS = {
    "ruff": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "imports": [str(BIN / "lint-imports")],
    "mypy": [str(BIN / "mypy")],
}
FRONTEND_CHECKS = {
    "frontend": ["npm", "run", "check"],
    "vitest": ["npm", "test", "--", "--run"],
}


@dataclass(frozen=True)
class Outcome:
    """One check: its name, whether it passed, and what it printed."""

    name: str
    passed: bool
    output: str


def run_lane(checks: dict[str, list[str]], directory: Path) -> list[Outcome]:
    """Run checks one after another, telling of each as it ends."""
    outcomes = []
    for name, command in checks.items():
        began = time.monotonic()
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        passed = done.returncode == 0
        outcomes.append(Outcome(name, passed, done.stdout + done.stderr))
        print(f"{name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)
    return outcomes


def run_tests(report: Path, arguments: list[str]) -> bool:
    """Run pytest with its output on the terminal."""
    command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def summarise(report: Path) -> tuple[int, Counter[str]]:
    """Read pytest's report: how many tests passed, and how many were skipped for which reason."""
    if not report.exists():
        return 0, Counter()
    cases = ET.parse(report).getroot().iter("testcase")
    passed, skipped = 0, Counter[str]()
    for case in cases:
        skip = case.find("skipped")
        if skip is not None:
            skipped[re.sub(r"\s+", " ", skip.get("message") or "no reason given")] += 1
        elif case.find("failure") is None and case.find("error") is None:
            passed += 1
    return passed, skipped


def closing_line(outcomes: list[Outcome], passed_tests: int, tests_ok: bool, skipped: Counter[str]) -> str:
    """Say in one line what failed, what passed, and what was skipped and why."""
    failed = [outcome.name for outcome in outcomes if not outcome.passed] + ([] if tests_ok else ["pytest"])
    passed = [outcome.name for outcome in outcomes if outcome.passed] + [f"{passed_tests} tests"]
    why = "; ".join(f"{count} ({reason})" for reason, count in skipped.items()) or "nothing"
    start = f"FAILED: {', '.join(failed)}; " if failed else ""
    return f"{start}passed: {', '.join(passed)}; skipped: {why}"


def run_checks() -> tuple[list[Outcome], Counter[str]]:
    """Run the static checks, showing what those that failed printed; say too what was not run and why."""
    lanes = [(PYTHON_CHECKS, ROOT)]
    unchecked: Counter[str] = Counter()
    if shutil.which("npm"):
        lanes.append((FRONTEND_CHECKS, FRONTEND))
    else:
        unchecked["the frontend's checks: Node is missing: apt-get install -y nodejs npm"] = 1
    with ThreadPoolExecutor() as pool:
        outcomes = [one for lane in pool.map(lambda lane: run_lane(*lane), lanes) for one in lane]
    for outcome in outcomes:
        if not outcome.passed:
            print(f"\n--- {outcome.name}\n{outcome.output}", flush=True)
    return outcomes, unchecked


def main(arguments: list[str]) -> int:
    """Run everything, or with `--real` the tests of the control plane; exit non-zero when anything failed."""
    real = arguments[:1] == ["--real"]
    outcomes, unchecked = ([], Counter[str]()) if real else run_checks()
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        tests_ok = run_tests(report, [REAL_TESTS, *arguments[1:]] if real else arguments)
        passed_tests, skipped = summarise(report)
    print(closing_line(outcomes, passed_tests, tests_ok, skipped + unchecked), flush=True)
    return 0 if tests_ok and all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

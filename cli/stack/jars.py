"""Fetching the local broker: Apache Kafka's jars, by Maven, once, each checked against a committed list.

`make up` runs this file with the system's Python, beside the installation of the packages: it imports nothing
but the standard library and our own modules of that kind.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from cli.stack.cache import cache_directory, cached
from cli.stack.errors import PartMissing, StackError

KAFKA_VERSION = "4.1.0"
_CACHED_AS = f"kafka-{KAFKA_VERSION}"
JAVA_AT_LEAST = 17
_BROKER = Path(__file__).resolve().parents[2] / "infrastructure" / "kafka" / "broker"
INSTALL_HINT = "apt-get install -y openjdk-17-jre-headless maven"


def kafka_jars() -> Path:
    """Give the directory of the broker's jars, fetching them when the cache has none.

    Raises PartMissing when they are not cached and Maven is not here, StackError when the download fails
    or a jar differs from the committed list.
    """
    return cached(_CACHED_AS, _fetch)


def java() -> str:
    """Give the path of a Java runtime that can run the broker; raise PartMissing otherwise."""
    found = shutil.which("java")
    if not found:
        raise PartMissing(f"Apache Kafka needs Java {JAVA_AT_LEAST} or newer: {INSTALL_HINT}")
    told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 - found on PATH
    version = java_major(told)
    if version < JAVA_AT_LEAST:
        raise PartMissing(
            f"Apache Kafka needs Java {JAVA_AT_LEAST} or newer, this is {version}: {INSTALL_HINT}"
        )
    return found


def java_major(told: str) -> int:
    """Read the major version from what `java -version` prints: 17 from "17.0.15", 8 from "1.8.0_402"."""
    for word in told.split():
        if word.startswith('"'):
            numbers = word.strip('"').replace("-", ".").split(".")
            major = numbers[1] if numbers[0] == "1" else numbers[0]
            return int(major) if major.isdigit() else 0
    return 0


def missing() -> str | None:
    """Say what keeps Apache Kafka from running here, and the command that installs it; None when nothing."""
    try:
        java()
        if not (cache_directory() / _CACHED_AS).is_dir():
            _maven()
    except PartMissing as part:
        return str(part)
    return None


def _maven() -> str:
    found = shutil.which("mvn")
    if not found:
        raise PartMissing(f"fetching Apache Kafka needs Maven: {INSTALL_HINT}")
    return found


def _fetch(into: Path) -> None:
    print(f"fetching Apache Kafka {KAFKA_VERSION} with Maven (about 43 MB, once)", flush=True)
    fetch_jars(_BROKER, into)


def fetch_jars(pinned: Path, into: Path) -> None:
    """Copy the jars that `pinned`/pom.xml names, and what they need, into a directory.

    Each is checked against `pinned`/jars.sha256. Raises PartMissing without Java or Maven, StackError when
    the download fails or a jar differs from the list.
    """
    java()
    command = [
        *(_maven(), "-q", "-B", "-C", "-f", str(pinned / "pom.xml"), "dependency:copy-dependencies"),
        *(f"-DoutputDirectory={into}", "-DincludeScope=runtime"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command line
    if done.returncode:
        raise StackError("Maven could not fetch Apache Kafka's jars:\n" + (done.stdout + done.stderr)[-2000:])
    check_sums(into, (pinned / "jars.sha256").read_text())


def check_sums(directory: Path, listed: str) -> None:
    """Compare a directory with lines of `sha256  name`; raise StackError unless it holds exactly those."""
    expected = {name: digest for digest, name in (line.split() for line in listed.splitlines())}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise StackError(f"not what was pinned in jars.sha256: {', '.join(wrong)}")


def main() -> None:
    """Fetch the jars ahead of the start; where the fallback will serve, say so and succeed."""
    if lacking := missing():
        print(f"{lacking}; until then a broker that forgets everything at its end serves instead")
        return
    try:
        kafka_jars()
    except StackError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()

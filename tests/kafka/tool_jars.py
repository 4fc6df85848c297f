"""Fetching Kafka's own command line tools, once, into a directory of the cache beside the broker's."""

from pathlib import Path

from cli.stack.cache import cached
from cli.stack.jars import KAFKA_VERSION, fetch_jars

_PINNED = Path(__file__).resolve().parents[2] / "infrastructure" / "kafka" / "tools"


def tool_jars() -> Path:
    """Give the directory of the tools' jars, fetching them when the cache has none.

    Raises PartMissing when they are not cached and Maven is not here, StackError when the download fails
    or a jar differs from the committed list.
    """
    return cached(f"kafka-tools-{KAFKA_VERSION}", lambda into: fetch_jars(_PINNED, into))

"""What the process collector can be told."""

import re
from typing import Annotated

from msgspec import Meta

from collectors.base.settings import CollectorSettings
from schema.errors import SettingError
from schema.types import Id

PATTERNS = (
    r"-m agents\.(?P<name>\w+)\.agent\b",
    r"-m agents\.base\.run (?:\S*\.)?(?P<name>\w+):\w+",
)


class ProcessSettings(CollectorSettings, frozen=True, kw_only=True):
    """Which processes are agents, and where they are shown.

    A process belongs to the workload that its variable ORACLE_WORKLOAD names; else to the one that the group
    `name` of a pattern finds in its command line (`research_agent` becomes `research-agent`).
    ORACLE_STACK is set by `oracle up`: agents of another local stack on the same host are left to that one.
    """

    process_namespace: Id = "local"
    process_patterns: tuple[Annotated[str, Meta(min_length=1, max_length=500)], ...] = PATTERNS
    oracle_stack: str = ""


def compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Compile the patterns; raises SettingError for one that is no expression or has no group `name`."""
    found = []
    for pattern in patterns:
        try:
            expression = re.compile(pattern)
        except re.error as error:
            raise SettingError(f"PROCESS_PATTERNS is wrong: {error} (see .env.example)") from None
        if "name" not in expression.groupindex:
            raise SettingError("PROCESS_PATTERNS is wrong: each needs a group `name` (see .env.example)")
        found.append(expression)
    return tuple(found)

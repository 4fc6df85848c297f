"""What a checkpoint keeps of an environment; everything else is derived from it. Pure."""

from datetime import datetime
from decimal import Decimal

import msgspec

from aggregator.callers import Traces
from aggregator.fleet import Fleet
from aggregator.models_used import ModelsUsed
from aggregator.observations import Key, SourceState
from aggregator.prompt_watch import Prompts
from aggregator.queues import Queues
from aggregator.remainders import Remainders
from aggregator.repeats import Repeats
from aggregator.usage import Usage
from schema.types import DiscoveryMode


class State(msgspec.Struct):
    """One environment's state: times are the log's, in milliseconds."""

    interval_ms: int
    discovery_mode: DiscoveryMode = "auto"
    budgets_usd: dict[str, Decimal] = {}
    own_ms: int = 0
    idle: bool = False
    last_tick_ms: int = 0
    sources: dict[str, SourceState] = {}
    fleet: Fleet = msgspec.field(default_factory=Fleet)
    queues: Queues = msgspec.field(default_factory=Queues)
    usage: Usage = msgspec.field(default_factory=Usage)
    repeats: Repeats = msgspec.field(default_factory=Repeats)
    traces: Traces = msgspec.field(default_factory=Traces)
    prompts: Prompts = msgspec.field(default_factory=Prompts)
    remainders: Remainders = msgspec.field(default_factory=Remainders)
    alerts_since_ms: dict[str, int] = {}
    models_used: ModelsUsed = msgspec.field(default_factory=ModelsUsed)
    origins: dict[str, tuple[int, int]] = {}
    refused: dict[tuple[str, Key], int] = {}
    transitions: dict[str, list[tuple[str, datetime]]] = {}
    gone_pods: dict[str, int] = {}
    workload_ms: dict[tuple[str, str], int] = {}
    left_workloads: dict[tuple[str, str], bytes] = {}

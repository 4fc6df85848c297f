"""Our collector as a measured process: `python -m benchmarks.kubernetes.ours KUBECONFIG NAMESPACE [pods]`.

The collector, runner and publisher are the service's own; in place of the Kafka client stands a sink that
takes the encoded records. With `pods` it follows pods alone, as the informer beside it does.
"""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime

import msgspec

from benchmarks.kubernetes.readings import Measured, measured
from collectors.base.publisher import LogPublisher
from collectors.base.runner import Pace, Runner
from collectors.k8s_collector import collector
from collectors.k8s_collector.resources import KINDS, PODS
from collectors.k8s_collector.settings import K8sSettings
from runtime.health import Health
from runtime.kafka import Headers
from schema.messages import Heartbeat, LogRecord

_RECORD = msgspec.json.Decoder(LogRecord)


class Sink:
    """A producer that never waits: it counts what it is given, and sees when all kinds are synced."""

    def __init__(self, state: Measured, source: str) -> None:
        self._state = state
        self._source = source

    def publish(
        self,
        _topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        headers: Headers | None = None,
        delivered: Callable[[], None] | None = None,
    ) -> None:
        """Take one record."""
        if key == self._source:
            beat = _RECORD.decode(value)
            if isinstance(beat, Heartbeat) and set(KINDS) <= set(beat.synced):
                self._state.synced()
            return
        self._state.done += 1
        if delivered:
            delivered()

    def undelivered_since(self, patience_seconds: float = 1.0) -> datetime | None:
        """Say that nothing waits."""
        return None

    def check(self) -> None:
        """Say that nothing is wrong."""


def main() -> None:
    """Observe until the parent ends us."""
    kubeconfig, namespace, *chosen = sys.argv[1:]
    if "pods" in chosen:
        vars(collector)["RESOURCES"] = (PODS,)
    settings = K8sSettings(
        kubeconfig=kubeconfig,
        oracle_namespaces=(namespace,),
        k8s_network_interval_seconds=0,  # there are no kubelets to ask
    )

    def work(state: Measured) -> None:
        watched, instance = collector.make(settings)
        sink = Sink(state, f"{watched.name}@{instance}")
        pace = Pace(settings.observe_interval_seconds, settings.observe_refresh_seconds)
        publisher = LogPublisher(sink, settings.oracle_environment, settings.oracle_log_partitions)
        asyncio.run(Runner(watched, instance, pace, publisher, sink, Health()).run())

    measured(work)


if __name__ == "__main__":
    main()

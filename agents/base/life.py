"""The life of an agent's process: connect, beat, work, stop (on the frame of every service).

SIGTERM: no new task is taken, running ones may finish for AGENT_STOP_SECONDS, then everything is flushed.
What was not finished is not committed and comes again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, NoReturn

from agents.base.identity import slug
from agents.base.kafka_client import POLL_SECONDS, TOPIC_PARTITIONS, Inbox
from agents.base.settings import AgentSettings
from runtime.kafka import ensure_own_topics
from runtime.service import Service, run
from schema.errors import BrokerError

if TYPE_CHECKING:
    from agents.base.agent import BaseAgent

FLUSH_SECONDS = 5.0


def live(agent: "BaseAgent", kind: type[AgentSettings] = AgentSettings) -> NoReturn:
    """Run an agent until it is asked to stop, then exit with the frame's code."""

    def main(service: Service[AgentSettings]) -> None:
        agent.__dict__["settings"] = service.settings
        agent.__dict__["stop"] = service.stop
        work(agent, service)

    run(agent.deployment or slug(agent.agent_name or type(agent).__name__), kind, main, "kafka")


def work(agent: "BaseAgent", service: Service[AgentSettings]) -> None:
    """Take and do tasks until the service stops. Raises InterruptedError when stopped before it began."""
    settings, topic = service.settings, agent.inbox_topic()
    service.until("kafka", lambda: ensure_own_topics(settings, [topic], TOPIC_PARTITIONS), BrokerError)
    inbox = Inbox(settings, agent.identity.deployment, topic, agent.max_parallel_invocations, agent.receive)
    service.log.info("working", agent_id=agent.identity.agent_id, topic=topic)
    try:
        with _beating(agent, service):
            while not service.stop.is_set():
                inbox.turn()
                agent.turn()
                agent.outlet.producer.check()
                service.health.turn()
            _let_finish(inbox, settings.agent_stop_seconds)
    finally:
        unfinished = inbox.running
        inbox.close()
        undelivered = agent.outlet.close(FLUSH_SECONDS)
        service.log.info("flushed", unfinished_tasks=unfinished, undelivered=undelivered)


@contextmanager
def _beating(agent: "BaseAgent", service: Service[AgentSettings]) -> Iterator[None]:
    """Beat in a thread of its own, so that neither a long task nor the broker holds the heartbeat up."""

    def beat() -> None:
        due = 0.0
        while not service.stop.is_set():
            if time.monotonic() >= due:
                agent.heartbeat()
                due = time.monotonic() + service.settings.oracle_heartbeat_seconds
            since = agent.outlet.producer.undelivered_since()
            service.health.report(
                "kafka", since is None, "" if since is None else "events wait for the broker"
            )
            service.stop.wait(min(1.0, service.settings.oracle_heartbeat_seconds))

    thread = Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        service.stop.set()
        thread.join()


def _let_finish(inbox: Inbox, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while inbox.running and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        inbox.settle()

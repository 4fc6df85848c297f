"""Three real brokers in one KRaft cluster, any one of which may be killed: each is broker and controller.

Two of three controllers are a quorum, and two of three replicas are in sync: what was acknowledged survives.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cli.stack.broker import Broker, new_cluster_id
from cli.stack.errors import StackError
from cli.stack.server import KafkaServer, free_port

_START_SECONDS = 60.0
_SETTINGS = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    # A test waits for a killed broker to be missed, and for a group to settle: let it be soon.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "300",
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1500",
    "replica.lag.time.max.ms": "3000",
    "group.min.session.timeout.ms": "500",
}


class KafkaCluster:
    """`brokers` real brokers with the ids 1, 2, …, their data under `directory`."""

    def __init__(self, directory: Path, brokers: int = 3, settings: dict[str, str] | None = None) -> None:
        ports = {number: (free_port(), free_port()) for number in range(1, brokers + 1)}
        voters = ",".join(f"{number}@127.0.0.1:{ports[number][1]}" for number in ports)
        shared = {**_SETTINGS, "controller.quorum.voters": voters, **(settings or {})}
        cluster_id = new_cluster_id()
        homes = {number: directory / f"broker-{number}" for number in ports}
        described = {
            number: Broker(homes[number], *both, {**shared, "node.id": str(number)}, cluster_id)
            for number, both in ports.items()
        }
        with ThreadPoolExecutor(brokers) as workers:
            made = {n: workers.submit(KafkaServer, homes[n], broker=described[n]) for n in described}
        self.servers: dict[int, KafkaServer] = {number: one.result() for number, one in made.items()}

    @property
    def bootstrap_servers(self) -> str:
        """Give the addresses of all brokers, whether they run or not."""
        return ",".join(server.bootstrap_servers for server in self.servers.values())

    def start(self) -> None:
        """Start what does not run, all at once, and return when every broker is in the cluster."""
        # A broker serves only once the quorum does, which needs a second one.
        with ThreadPoolExecutor(len(self.servers)) as workers:
            list(workers.map(KafkaServer.start, self.servers.values()))
        self.wait_for_brokers(set(self.servers))

    def stop(self) -> None:
        """Stop all of them; the last ones find no quorum to take leave of, so none waits for another."""
        with ThreadPoolExecutor(len(self.servers)) as workers:
            list(workers.map(KafkaServer.kill, self.servers.values()))

    def kill(self, number: int) -> None:
        """Kill one broker, and return when the cluster has missed it."""
        self.servers[number].kill()
        self.wait_for_brokers({n for n, server in self.servers.items() if server.running})

    def start_broker(self, number: int) -> None:
        """Start one broker again, and return when the cluster has it back."""
        self.servers[number].start()
        self.wait_for_brokers({n for n, server in self.servers.items() if server.running})

    def wait_for_brokers(self, expected: set[int]) -> None:
        """Wait until exactly these brokers are told to be in the cluster; raise StackError after a minute."""
        deadline = time.monotonic() + _START_SECONDS
        while (found := self._told()) != expected:
            if time.monotonic() > deadline:
                raise StackError(f"the brokers {sorted(found)} are in the cluster, not {sorted(expected)}")
            time.sleep(0.1)

    def wait_for_replicas(self) -> None:
        """Wait until every replica is in sync: whoever leads then can tell all that was acknowledged."""
        deadline = time.monotonic() + _START_SECONDS
        while behind := self._behind():
            if time.monotonic() > deadline:
                raise StackError(f"{behind} partitions have replicas that are not in sync")
            time.sleep(0.1)

    def _behind(self) -> int:
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
        topics = admin.list_topics(timeout=10).topics.values()
        return sum(len(one.isrs) < len(one.replicas) for topic in topics for one in topic.partitions.values())

    def _told(self) -> set[int]:
        running = [server.bootstrap_servers for server in self.servers.values() if server.running]
        # A new client each time: one that knows of more brokers may ask a broker that is no more.
        admin = AdminClient({"bootstrap.servers": ",".join(running), "log_level": 0})
        try:
            return set(admin.list_topics(timeout=2).brokers)
        except KafkaException:
            return set()

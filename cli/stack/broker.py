"""The local stack's broker: Apache Kafka in KRaft mode, one node, listening on loopback only.

`prepare` writes its configuration and formats its directory once; `command` is what runs it.
`python -m cli.stack.broker DIRECTORY PORT CONTROLLER_PORT` prepares and then becomes the broker, which is how
the supervisor starts it; where Java or Maven is missing it becomes the fallback broker.
"""

import os
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cli.stack.errors import StackError
from cli.stack.jars import java, kafka_jars, missing
from cli.stack.tansu import tansu_command
from schema.topics import MAX_MESSAGE_BYTES

_MIB = 1024 * 1024
# A batch is larger than the message in it; a topic's own max.message.bytes is the real limit.
_BATCH_BYTES = MAX_MESSAGE_BYTES + _MIB

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(_BATCH_BYTES),
    "replica.fetch.max.bytes": str(_BATCH_BYTES),
    "log.cleaner.dedupe.buffer.size": str(16 * _MIB),
    "log.cleaner.backoff.ms": "1000",
    # Retention removes closed segments: small ones, so that an hour's topic is not kept for a week.
    "log.segment.bytes": str(64 * _MIB),
    "log.roll.ms": "1800000",
    # A broker that was killed comes back under the same id only after its old session ended.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
}

ENVIRONMENT_KEPT = ("PATH", "HOME", "TZ", "JAVA_HOME", "ORACLE_STACK", "ORACLE_PART")
"""What a server needs of the environment: no key and no password of anything else."""

_LOG4J = """\
status = warn
shutdownHook = disable
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def new_cluster_id() -> str:
    """Make an id for a cluster: 16 random bytes in base64, as Kafka's own tool makes them."""
    made = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # One that starts with a dash would be read as an option.
    return f"K{made[1:]}"


@dataclass(frozen=True)
class Broker:
    """Where one local broker lives: `directory` holds its configuration and all of its data.

    `settings` go before our own; the brokers of one cluster share a `cluster_id`, which is otherwise made up.
    """

    directory: Path
    port: int
    controller_port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    cluster_id: str = ""

    @property
    def bootstrap_servers(self) -> str:
        """Give what clients connect to."""
        return f"127.0.0.1:{self.port}"

    @property
    def properties_path(self) -> Path:
        """Give the path of the rendered configuration."""
        return self.directory / "server.properties"

    def properties(self) -> str:
        """Render server.properties."""
        listeners = f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}"
        merged = {
            **_SETTINGS,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": listeners,
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "log.dirs": str(self.directory / "data"),
            **self.settings,
        }
        return "".join(f"{name}={value}\n" for name, value in merged.items())

    def command(self) -> list[str]:
        """Give the command line that runs the broker in the foreground."""
        return [*self._java(), "kafka.Kafka", str(self.properties_path)]

    def prepare(self) -> None:
        """Write the configuration, and format the directory at its first use.

        Raises PartMissing without Java (or, jars not being cached, Maven), StackError when formatting fails.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self.properties_path.write_text(self.properties())
        (self.directory / "log4j2.properties").write_text(_LOG4J)
        if (self.directory / "data" / "meta.properties").exists():
            return
        tool = [
            "kafka.tools.StorageTool",
            "format",
            f"--cluster-id={self.cluster_id or new_cluster_id()}",
            "-c",
        ]
        done = subprocess.run(  # noqa: S603 - our own command line
            [*self._java(), *tool, str(self.properties_path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StackError(
                "Kafka's directory could not be formatted:\n" + (done.stdout + done.stderr)[-2000:]
            )

    def _java(self) -> list[str]:
        return [
            *(
                java(),
                "-Xms64m",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
            ),
            *("-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true"),
            f"-Dlog4j2.configurationFile={self.directory / 'log4j2.properties'}",
            *("-cp", str(kafka_jars() / "*")),
        ]


def main() -> None:
    """Prepare, then become the broker: the supervisor's process is Kafka itself and gets its signals."""
    broker = Broker(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    try:
        if missing():
            line = tansu_command(broker.port)
        else:
            broker.prepare()
            line = broker.command()
    except StackError as error:
        sys.exit(str(error))
    kept = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
    os.execve(line[0], line, kept)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()

"""A real broker that lets nobody in without a password, and lets nobody do what no ACL allows.

Its clients come by SASL over TLS (PLAIN or SCRAM-SHA-512), the certificate is of a CA of the test's own. The
plain listener is the broker's own way to itself: it is how the server is found to serve, and its user is a
super user. Passwords are made anew for each broker.
"""

import secrets
import time
from pathlib import Path
from typing import Any, Literal

from confluent_kafka.admin import (  # type: ignore[attr-defined] # the stubs do not re-export them
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from cli.stack.broker import Broker
from cli.stack.server import KafkaServer, free_port
from tests.control_plane.certificates import make_certificates

Mechanism = Literal["PLAIN", "SCRAM-SHA-512"]
USERS = ("admin", "watcher", "partial")
DENIED_TOPIC, DENIED_GROUP = "denied-topic", "denied-group"
_LISTENER = "listener.name.sasl_ssl"
_MODULE = "org.apache.kafka.common.security"


class SecuredKafka:
    """One broker and its users.

    `admin` may do all; `watcher` may describe everything and read `__consumer_offsets`; `partial` may
    describe everything but one topic and one group, and read nothing.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True)
        self._directory = directory
        self._passwords = {user: secrets.token_hex(16) for user in USERS}
        self._secured = free_port()
        self.certificates = make_certificates(directory / "certificates")
        plain, controller = free_port(), free_port()
        broker = Broker(directory / "kafka", plain, controller, self._settings(plain, controller))
        self.server = KafkaServer(broker.directory, broker=broker)

    @property
    def bootstrap_servers(self) -> str:
        """Give the secured address."""
        return f"127.0.0.1:{self._secured}"

    @property
    def ca_path(self) -> Path:
        """Give the CA by which the broker's certificate is verified."""
        return self.certificates.ca

    def password(self, user: str) -> str:
        """Give a user's password."""
        return self._passwords[user]

    def config(self, user: str, mechanism: Mechanism = "PLAIN") -> dict[str, str | int | float | bool]:
        """Give the settings of a confluent_kafka client that comes as this user."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self.ca_path),
            "sasl.mechanism": mechanism,
            "sasl.username": user,
            "sasl.password": self._passwords[user],
        }

    def command_config(self, user: str) -> Path:
        """Write the client properties with which Kafka's own tools come as this user."""
        path = self._directory / f"{user}.properties"
        path.touch(mode=0o600)
        module = f"{_MODULE}.plain.PlainLoginModule"
        path.write_text(
            "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nssl.truststore.type=PEM\n"
            f"ssl.truststore.location={self.ca_path}\n"
            f'sasl.jaas.config={module} required username="{user}" password="{self._passwords[user]}";\n'
        )
        return path

    def start(self) -> None:
        """Start the broker, and give its users their SCRAM passwords and their rights."""
        self.server.start()
        admin = AdminClient(self.config("admin"))
        scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(u, scram, p.encode()) for u, p in self._passwords.items()
        ]
        for done in admin.alter_user_scram_credentials(wanted).values():
            done.result(20)
        everything = [
            (ResourceType.BROKER, "kafka-cluster"),
            (ResourceType.TOPIC, "*"),
            (ResourceType.GROUP, "*"),
        ]
        allowed = [
            acl(user, *one, AclOperation.DESCRIBE) for user in ("watcher", "partial") for one in everything
        ]
        refused = [(ResourceType.TOPIC, DENIED_TOPIC), (ResourceType.GROUP, DENIED_GROUP)]
        create_acls(
            admin,
            [
                *allowed,
                acl("watcher", ResourceType.TOPIC, "__consumer_offsets", AclOperation.READ),
                *(acl("partial", *one, AclOperation.ALL, AclPermissionType.DENY) for one in refused),
            ],
        )

    def stop(self) -> None:
        """Stop the broker."""
        self.server.stop()

    def _settings(self, plain: int, controller: int) -> dict[str, str]:
        pair = self.certificates.server
        keys = self.certificates.ca.with_name("keystore.pem")
        keys.touch(mode=0o600)
        keys.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())
        clients = f"PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{self._secured}"
        users = " ".join(f'user_{user}="{password}"' for user, password in self._passwords.items())
        return {
            "listeners": f"{clients},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": clients,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            f"{_LISTENER}.plain.sasl.jaas.config": f"{_MODULE}.plain.PlainLoginModule required {users};",
            f"{_LISTENER}.scram-sha-512.sasl.jaas.config": f"{_MODULE}.scram.ScramLoginModule required;",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(keys),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:admin;User:ANONYMOUS",
            "group.min.session.timeout.ms": "500",
        }


def acl(
    user: str,
    resource: ResourceType,
    name: str,
    operation: AclOperation,
    permission: AclPermissionType = AclPermissionType.ALLOW,
) -> AclBinding:
    """Say what a user may, or may not, do to a resource of exactly this name (or `*`) from any host."""
    return AclBinding(
        resource, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, permission
    )  # fmt: skip


def create_acls(admin: AdminClient, acls: list[AclBinding]) -> None:
    """Create ACLs, and return when the broker goes by them: the controller answers a moment before."""
    for done in admin.create_acls(acls).values():
        done.result(20)
    # None stands for any name, user and host, which the library's annotations do not allow.
    whatever: Any = None
    any_acl = AclBindingFilter(
        ResourceType.ANY, whatever, ResourcePatternType.ANY, whatever, whatever,
        AclOperation.ANY, AclPermissionType.ANY,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while missing := set(acls) - set(admin.describe_acls(any_acl).result(20)):
        assert time.monotonic() < deadline, f"the broker does not know of {missing}"
        time.sleep(0.05)

"""The command lines of the control plane's parts, all on loopback (pure: ports and paths in, arguments out).

The flags are those of https://kubernetes.io/docs/reference/command-line-tools-reference/, of etcd.io and of
kwok.sigs.k8s.io. What keeps a disk or an operator safe is left out: a cluster here lives for minutes.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.control_plane.certificates import FRONT_PROXY_USER, Certificates

BY_HAND = "oracle-monitor.test/status=by-hand"
"""A pod or node with this annotation is left alone by kwok: its status is what a test writes."""
ISSUER = "https://kubernetes.default.svc"
"""Who signs the tokens of service accounts, and whom they are for."""


@dataclass(frozen=True)
class Ports:
    """One TCP port on loopback per listener."""

    etcd: int
    etcd_peer: int
    api_server: int
    controller_manager: int
    scheduler: int
    kubelet: int
    metrics_server: int


@dataclass(frozen=True)
class Layout:
    """Where a cluster's files and ports are."""

    directory: Path
    ports: Ports
    certificates: Certificates
    token_file: Path
    admin_kubeconfig: Path
    stages: Path

    @property
    def etcd_url(self) -> str:
        """Give where etcd serves its clients."""
        return f"http://127.0.0.1:{self.ports.etcd}"

    @property
    def server_url(self) -> str:
        """Give where the API server serves."""
        return f"https://127.0.0.1:{self.ports.api_server}"


def etcd(layout: Layout) -> list[str]:
    """Keep data without fsync: a killed process loses nothing, only a killed machine would."""
    peer = f"http://127.0.0.1:{layout.ports.etcd_peer}"
    return [
        "--name=test",
        f"--data-dir={layout.directory / 'etcd'}",
        f"--listen-client-urls={layout.etcd_url}",
        f"--advertise-client-urls={layout.etcd_url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=test={peer}",
        "--unsafe-no-fsync",
        f"--quota-backend-bytes={4 << 30}",
        "--log-level=warn",
    ]


def kube_apiserver(layout: Layout) -> list[str]:
    """Authenticate by tokens, authorise by RBAC, and forward aggregated APIs as the front proxy."""
    made = layout.certificates
    return [
        f"--etcd-servers={layout.etcd_url}",
        *_serving(layout, layout.ports.api_server),
        f"--client-ca-file={made.ca}",  # metrics-server asks for one, though no client shows a certificate
        f"--token-auth-file={layout.token_file}",
        "--authorization-mode=RBAC",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={made.service_account_public_key}",
        f"--service-account-signing-key-file={made.service_account_key}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",  # a loopback address may not be an endpoint
        "--disable-admission-plugins=ServiceAccount",  # pods need no account before a controller made it
        f"--requestheader-client-ca-file={made.front_proxy_ca}",
        f"--requestheader-allowed-names={FRONT_PROXY_USER}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={made.front_proxy_client.certificate}",
        f"--proxy-client-key-file={made.front_proxy_client.key}",
    ]


def kube_controller_manager(layout: Layout) -> list[str]:
    """Run every controller, with room for thousands of pods a minute."""
    return [
        *_client(layout, layout.ports.controller_manager),
        "--controllers=*",
        f"--service-account-private-key-file={layout.certificates.service_account_key}",
        f"--root-ca-file={layout.certificates.ca}",
        "--concurrent-replicaset-syncs=20",
        "--concurrent-deployment-syncs=20",
    ]


def kube_scheduler(layout: Layout) -> list[str]:
    """Place pods on nodes."""
    return _client(layout, layout.ports.scheduler)


def kwok(layout: Layout) -> list[str]:
    """Play the kubelet of every node, its metrics included, and the life of every pod but those by hand."""
    made = layout.certificates.server
    return [
        f"--kubeconfig={layout.admin_kubeconfig}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        "--node-ip=127.0.0.1",
        f"--node-port={layout.ports.kubelet}",
        f"--server-address=127.0.0.1:{layout.ports.kubelet}",  # else it listens on every interface
        f"--tls-cert-file={made.certificate}",
        f"--tls-private-key-file={made.key}",
        f"--config={layout.stages}",
        f"--disregard-status-with-annotation-selector={BY_HAND}",
    ]


def metrics_server(layout: Layout) -> list[str]:
    """Scrape the nodes as often as it can (each 10 s) and serve metrics.k8s.io."""
    return [
        f"--kubeconfig={layout.admin_kubeconfig}",
        f"--authentication-kubeconfig={layout.admin_kubeconfig}",
        f"--authorization-kubeconfig={layout.admin_kubeconfig}",
        *_serving(layout, layout.ports.metrics_server),
        "--kubelet-insecure-tls",
        "--kubelet-use-node-status-port",
        "--kubelet-preferred-address-types=InternalIP",
        "--kubelet-request-timeout=5s",
        "--metric-resolution=10s",
    ]


def _client(layout: Layout, port: int) -> list[str]:
    return [
        f"--kubeconfig={layout.admin_kubeconfig}",
        "--leader-elect=false",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        *_serving(layout, port),
    ]


def _serving(layout: Layout, port: int) -> list[str]:
    pair = layout.certificates.server
    return [
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={pair.certificate}",
        f"--tls-private-key-file={pair.key}",
    ]

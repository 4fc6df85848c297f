"""What the Kubernetes collector can be told."""

from typing import Annotated

from msgspec import Meta

from collectors.base.settings import CollectorSettings
from schema.errors import SettingError
from schema.types import DiscoveryMode

ALL_NAMESPACES = "*"
MAX_NAMESPACES = 50
"""Each namespace needs four connections; beyond this, watching all of them is cheaper."""

Namespace = Annotated[str, Meta(max_length=63, pattern=r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)\Z")]


class K8sSettings(CollectorSettings, frozen=True, kw_only=True):
    """Which cluster and namespaces are watched, and how often use of resources is read, in seconds.

    Without ORACLE_NAMESPACES the collector's own namespace is watched, or the kubeconfig's. K8S_CLUSTER is
    the name shown; K8S_NETWORK_INTERVAL_SECONDS of 0 leaves the kubelets alone.
    """

    oracle_namespaces: Annotated[tuple[Namespace, ...], Meta(max_length=MAX_NAMESPACES)] = ()
    oracle_discovery_mode: DiscoveryMode = "auto"
    oracle_allow_mocks: bool = False
    kubeconfig: str = ""
    k8s_context: str = ""
    k8s_cluster: Annotated[str, Meta(max_length=100, pattern=r"^[^@\x00-\x1f\x7f]*\Z")] = ""
    k8s_metrics_interval_seconds: Annotated[float, Meta(ge=1, le=300)] = 10.0
    k8s_network_interval_seconds: Annotated[float, Meta(ge=0, le=300)] = 15.0


def check(settings: K8sSettings) -> None:
    """Raise SettingError for namespaces that contradict each other."""
    if ALL_NAMESPACES in settings.oracle_namespaces and len(settings.oracle_namespaces) > 1:
        raise SettingError("ORACLE_NAMESPACES is wrong: `*` stands alone, or namespaces are named")

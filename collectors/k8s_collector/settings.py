"""What the Kubernetes collector can be told."""

import re
from typing import Annotated

from msgspec import Meta

from collectors.base.settings import CollectorSettings
from schema.types import DiscoveryMode

ALL_NAMESPACES = "*"
MAX_NAMESPACES = 50
"""Each namespace needs four connections; beyond this, watching all of them is cheaper."""

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_WRONG = "ORACLE_NAMESPACES is wrong:"


class K8sSettings(CollectorSettings, frozen=True, kw_only=True):
    """Which cluster and namespaces are watched, and how often use of resources is read, in seconds.

    Without ORACLE_NAMESPACES the collector's own namespace is watched, or the kubeconfig's. K8S_CLUSTER is
    the name shown; K8S_NETWORK_INTERVAL_SECONDS of 0 leaves the kubelets alone.
    """

    oracle_namespaces: tuple[str, ...] = ()
    oracle_discovery_mode: DiscoveryMode = "auto"
    oracle_allow_mocks: bool = False
    kubeconfig: str = ""
    k8s_context: str = ""
    k8s_cluster: Annotated[str, Meta(max_length=100, pattern=r"^[^@\x00-\x1f\x7f]*\Z")] = ""
    k8s_metrics_interval_seconds: Annotated[float, Meta(ge=1, le=300)] = 10.0
    k8s_network_interval_seconds: Annotated[float, Meta(ge=0, le=300)] = 15.0

    def __post_init__(self) -> None:
        """Check what people write by hand. Raises ValueError, which `load` tells as the one line."""
        if self.oracle_namespaces == (ALL_NAMESPACES,):
            return
        if ALL_NAMESPACES in self.oracle_namespaces:
            raise ValueError(f"{_WRONG} `*` stands alone, or namespaces are named (see .env.example)")
        if len(self.oracle_namespaces) > MAX_NAMESPACES:
            raise ValueError(f"{_WRONG} more than {MAX_NAMESPACES} namespaces, `*` watches all")
        for number, name in enumerate(self.oracle_namespaces, start=1):
            if not _NAMESPACE.fullmatch(name):
                raise ValueError(
                    f"{_WRONG} entry {number} is no name of a namespace, "
                    "which has lower-case letters, digits and dashes (see .env.example)"
                )

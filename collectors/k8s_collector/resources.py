"""The resources that are followed: where each is listed, and what its objects are decoded to."""

from dataclasses import dataclass, field

import msgspec

from collectors.k8s_collector import objects
from collectors.k8s_collector.objects import AnyObject
from collectors.k8s_collector.settings import ALL_NAMESPACES


@dataclass(frozen=True)
class Resource:
    """A resource of the API; `selector` limits what the server sends, `kinds` are what it is needed for."""

    name: str
    group: str
    type: type[AnyObject]
    kinds: tuple[str, ...]
    namespaced: bool = True
    selector: str = ""
    decoder: msgspec.json.Decoder[AnyObject] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoder", msgspec.json.Decoder(self.type))

    def path(self, namespace: str) -> str:
        """Give the path of its list."""
        if not self.namespaced or namespace == ALL_NAMESPACES:
            return f"{self.group}/{self.name}"
        return f"{self.group}/namespaces/{namespace}/{self.name}"

    def part(self, namespace: str) -> str:
        """Name it for people, as what cannot be read."""
        everywhere = not self.namespaced or namespace == ALL_NAMESPACES
        return self.name if everywhere else f"{self.name} in {namespace}"


PODS = Resource("pods", "/api/v1", objects.Pod, ("pod", "workload"))
RESOURCES = (
    Resource("replicasets", "/apis/apps/v1", objects.ReplicaSet, ("pod", "deployment")),
    Resource("deployments", "/apis/apps/v1", objects.Deployment, ("agent", "deployment", "workload")),
    PODS,
    Resource("events", "/api/v1", objects.Event, ("k8s_event", "pod"), selector="type=Warning"),
    Resource("nodes", "/api/v1", objects.Node, ("node",), namespaced=False),
)
KINDS = ("agent", "deployment", "k8s_event", "node", "pod", "workload")
"""What this collector observes."""

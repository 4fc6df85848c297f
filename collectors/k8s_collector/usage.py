"""Use of CPU and memory, as the metrics API tells it; pure.

The API is metrics.k8s.io/v1beta1 (https://github.com/kubernetes/metrics), which a cluster has when a metrics
server is installed. Values are rounded to 5 millicores and 1 MiB: less is noise, and noise is no change.
"""

import msgspec

from collectors.k8s_collector.quantities import Quantity, mebibytes, millicores
from collectors.k8s_collector.settings import ALL_NAMESPACES
from collectors.k8s_collector.watch_events import UNREADABLE
from collectors.k8s_collector.workloads import Name
from schema.errors import SourceUnavailable

PART = "metrics.k8s.io"
CPU_STEP_MILLICORES = 5
_GROUP = "/apis/metrics.k8s.io/v1beta1"


class _Metadata(msgspec.Struct):
    name: str
    namespace: str


class _Container(msgspec.Struct):
    usage: dict[str, Quantity] | None = None


class _PodMetrics(msgspec.Struct):
    metadata: _Metadata
    containers: list[_Container] | None = None


class _PodMetricsList(msgspec.Struct):
    items: list[_PodMetrics] | None = None


_LIST = msgspec.json.Decoder(_PodMetricsList)


def path(namespace: str) -> str:
    """Give the path of a namespace's metrics, or of all of them."""
    if namespace == ALL_NAMESPACES:
        return f"{_GROUP}/pods"
    return f"{_GROUP}/namespaces/{namespace}/pods"


def use_of(body: bytes) -> dict[Name, dict[str, int | float]]:
    """Give `cpu` (millicores) and `memory` (MiB) of each pod. Raises SourceUnavailable."""
    try:
        items = _LIST.decode(body).items or []
    except UNREADABLE as error:
        raise SourceUnavailable(f"the answer cannot be read: {error}") from None
    return {(one.metadata.namespace, one.metadata.name): _use(one.containers or []) for one in items}


def _use(containers: list[_Container]) -> dict[str, int | float]:
    told = [one.usage or {} for one in containers]
    cpu = [value for one in told if (value := millicores(one.get("cpu", ""))) is not None]
    memory = [value for one in told if (value := mebibytes(one.get("memory", ""))) is not None]
    use: dict[str, int | float] = {}
    if cpu:
        use["cpu"] = round(sum(cpu) / CPU_STEP_MILLICORES) * CPU_STEP_MILLICORES
    if memory:
        use["memory"] = round(sum(memory))
    return use

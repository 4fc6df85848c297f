"""Made-up workloads, for looking at the product without a cluster (SPEC §9, ORACLE_ALLOW_MOCKS); pure.

Every workload of them says `runtime: mock`, and nothing else in a snapshot comes from here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from collectors.base.collector import Complete, Item, Observed
from collectors.k8s_collector.names import entity_id
from schema import models
from schema.observed import PodObserved, WorkloadObserved

NAMESPACE = "mock"
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_WORKLOADS = (
    ("mock-research-agent", (("Running", 0, 150, 256), ("Running", 0, 90, 240))),
    ("mock-writer-agent", (("Running", 2, 60, 190),)),
    ("mock-analysis-agent", (("CrashLoopBackOff", 7, 0, 0),)),
)
"""Name, and of each pod: status, restarts, millicores, MiB."""


def mock_workloads() -> Iterator[Item]:
    """Give the made-up workloads and their pods."""
    for name, pods in _WORKLOADS:
        workload = WorkloadObserved(
            namespace=NAMESPACE, deployment_name=name, kind="Deployment", runtime="mock", max_pods=len(pods)
        )
        yield Observed("workload", entity_id(NAMESPACE, name), workload)
        for number, (status, restarts, cpu, memory) in enumerate(pods, start=1):
            pod_id = f"{name}-{number}"
            pod = models.Pod(
                pod_id=pod_id,
                name=pod_id,
                status=status,
                ready=status == "Running",
                restarts=restarts,
                restart_loop=status != "Running",
                created_at=_SINCE,
                cpu=cpu,
                cpu_limit=500,
                memory=memory,
                memory_limit=512,
            )
            yield Observed("pod", pod_id, PodObserved(namespace=NAMESPACE, deployment_name=name, pod=pod))
    yield Complete(("workload", "pod"))

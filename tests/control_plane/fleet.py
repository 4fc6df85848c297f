"""A pod as fleets of agents really have them, some 4 KB of JSON, and the status a kubelet writes (pure)."""

import hashlib
from datetime import UTC, datetime

from tests.control_plane import manifests
from tests.control_plane.client import Json

APP_LABEL = "app.kubernetes.io/name"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PORTS = {"http": 8080, "metrics": 9090}
_ENV = {
    "MODEL_NAME": "gpt-4o",
    "LLM_BASE_URL": "http://llm-proxy.oracle-monitor.svc.cluster.local:8090/openai/v1",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka-0.kafka.oracle-monitor.svc.cluster.local:9092",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://telemetry-api.oracle-monitor.svc.cluster.local:8080",
    "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=production,service.namespace=agents",
    "MAX_PARALLEL_TASKS": "4",
    "TASK_TIMEOUT_SECONDS": "300",
    "LOG_LEVEL": "info",
}


def agent_pod(namespace: str, name: str, *, agent: str, node_name: str | None, by_hand: bool = True) -> Json:
    """Describe a pod of an agent: two containers with probes, variables, volumes, tolerations."""
    made = manifests.pod(
        namespace,
        name,
        containers=[_main(agent), _log_shipper()],
        labels={
            APP_LABEL: agent,
            "app.kubernetes.io/part-of": "agents",
            "app.kubernetes.io/version": "1.4.2",
            "oracle-monitor/agent": "true",
        },
        annotations={
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(_PORTS["metrics"]),
            "checksum/config": hashlib.sha256(agent.encode()).hexdigest(),
            "kwok.x-k8s.io/usage-cpu": "150m",
            "kwok.x-k8s.io/usage-memory": "256Mi",
        },
        node_name=node_name,
        by_hand=by_hand,
    )
    made["spec"] |= {
        "volumes": [
            {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "settings", "configMap": {"name": f"{agent}-settings"}},
            {"name": "keys", "secret": {"secretName": "api-keys", "defaultMode": 0o400}},
        ],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001},
        "tolerations": [
            {"key": "agents", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
        ],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {APP_LABEL: agent}},
            }
        ],
    }
    return made


def ready_node(name: str, pods: int) -> Json:
    """Describe a node that has always been ready: for a cluster without kwok and controllers."""
    made = manifests.node(name, pods)
    kinds = {"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}
    made["status"]["conditions"] = [{"type": kind, "status": status} for kind, status in kinds.items()]
    return made


def fleet_deployment(namespace: str, agent: str, replicas: int) -> Json:
    """Describe a deployment of such pods, whose life kwok plays."""
    template = agent_pod(namespace, agent, agent=agent, node_name=None, by_hand=False)
    made = manifests.deployment(namespace, agent, replicas)
    made["metadata"]["labels"] = template["metadata"]["labels"]
    made["spec"]["selector"] = {"matchLabels": {APP_LABEL: agent}}
    metadata = {key: template["metadata"][key] for key in ("labels", "annotations")}
    made["spec"]["template"] = {"metadata": metadata, "spec": template["spec"]}
    return made


def running_status(pod: Json, *, address: str, restarts: int = 0, at: datetime | None = None) -> Json:
    """Give the status of a pod whose containers all run; its first one was OOMKilled at each restart."""
    since = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = pod["metadata"]["name"]
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": since} for kind in kinds],
        "hostIP": "127.0.0.1",
        "hostIPs": [{"ip": "127.0.0.1"}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": since,
        "containerStatuses": [
            _container_status(name, one, since, restarts if index == 0 else 0)
            for index, one in enumerate(pod["spec"]["containers"])
        ],
    }


def _container_status(pod_name: str, container: Json, since: str, restarts: int) -> Json:
    digest = hashlib.sha256(f"{pod_name}/{container['name']}/{restarts}".encode()).hexdigest()
    image_digest = hashlib.sha256(container["image"].encode()).hexdigest()
    status: Json = {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"{container['image'].rpartition(':')[0]}@sha256:{image_digest}",
        "containerID": f"containerd://{digest}",
        "ready": True,
        "started": True,
        "restartCount": restarts,
        "state": {"running": {"startedAt": since}},
    }
    if restarts:
        ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": since, "finishedAt": since}
        status["lastState"] = {"terminated": ended | {"containerID": f"containerd://{digest[::-1]}"}}
    return status


def _main(agent: str) -> Json:
    described = manifests.container("agent", env={"AGENT_NAME": agent, **_ENV})
    described["env"] += [
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "api-keys", "key": "openai-key"}}},
    ]
    return described | {
        "command": ["python", "-m", "agents.base.run", f"agents.{agent.replace('-', '_')}:Agent"],
        "envFrom": [{"configMapRef": {"name": f"{agent}-settings", "optional": True}}],
        "ports": [{"name": name, "containerPort": port} for name, port in _PORTS.items()],
        "livenessProbe": _probe("/health", 10),
        "readinessProbe": _probe("/ready", 5),
        "startupProbe": _probe("/health", 2) | {"failureThreshold": 30},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/tmp"},
            {"name": "settings", "mountPath": "/etc/agent", "readOnly": True},
            {"name": "keys", "mountPath": "/etc/keys", "readOnly": True},
        ],
    }


def _log_shipper() -> Json:
    described = manifests.container(
        "log-shipper",
        image="registry.example/platform/log-shipper:2.9.0",
        env={"DESTINATION": "http://logs.platform.svc.cluster.local:3100", "READ_FROM": "/scratch/logs"},
        requests={"cpu": "10m", "memory": "32Mi"},
        limits={"cpu": "100m", "memory": "64Mi"},
    )
    return described | {
        "readinessProbe": _probe("/ready", 10),
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    }


def _probe(path: str, period_seconds: int) -> Json:
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": period_seconds, "timeoutSeconds": 2}

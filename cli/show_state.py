"""A snapshot for people: agents, their pods or processes, consumer groups, and model spend, as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.visible import visible

Document = Mapping[str, Any]

MAX_PODS = 50
"""Rows of pods that are shown; those in trouble come first."""


def show_state(snapshot: Document, console: Console | None = None) -> None:
    """Print a snapshot (SPEC §4)."""
    console = console or Console()
    console.print(
        Text(visible(str(snapshot["timestamp"])), "bold"), " environment", _cell(snapshot["environment"])
    )
    _table(console, "agents", ("name", "status", "models", "doing", "tools planned"), _agents(snapshot))
    _table(console, "deployments", ("deployment", "ready", "desired", "rollout"), _deployments(snapshot))
    pods = _pods(snapshot)
    _table(
        console,
        "pods and processes",
        ("pod", "status", "cpu (m)", "MiB", "restarts", "last ended"),
        pods[:MAX_PODS],
    )
    if len(pods) > MAX_PODS:
        console.print(f"… and {len(pods) - MAX_PODS} more: oracle state --json")
    _table(console, "consumer groups", ("group", "verdict", "lag", "lag (s)"), _groups(snapshot))
    _table(
        console, "models", ("model", "calls", "prompt", "completion", "USD", "p95 (ms)"), _models(snapshot)
    )
    _table(console, "sources", ("source", "status", "age (s)", "cannot be read"), _sources(snapshot))


def _agents(snapshot: Document) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    for agent in snapshot.get("agents", ()):
        activity = agent.get("activity", {})
        tasks = ", ".join(task["id"] for task in activity.get("active_task_ids", ()))
        doing = activity.get("reasoning") or tasks
        tools = ", ".join(activity.get("tools_planned", ()))
        rows.append((agent["name"], agent.get("status"), ", ".join(agent.get("models", ())), doing, tools))
    return rows


def _deployments(snapshot: Document) -> list[Sequence[object]]:
    deployments = snapshot.get("kubernetes", {}).get("deployments", ())
    return [
        (f"{one['namespace']}/{one['name']}", one["ready"], one["desired"], one.get("rollout"))
        for one in deployments
    ]


def _pods(snapshot: Document) -> list[Sequence[object]]:
    """Give a row for each pod, those in trouble first."""
    pods = [(workload, pod) for workload in snapshot.get("workload", ()) for pod in workload.get("pods", ())]
    pods.sort(key=lambda pair: _is_well(pair[1]))
    return [
        (
            f"{workload['namespace']}/{pod.get('name', pod['pod_id'])}", pod.get("status"), pod.get("cpu"),
            pod.get("memory"), pod.get("restarts"), pod.get("last_termination_reason"),
        )
        for workload, pod in pods
    ]  # fmt: skip


def _is_well(pod: Document) -> bool:
    quiet = pod.get("ready", True) and not pod.get("restart_loop")
    return bool(quiet and pod.get("status") == "Running")


def _groups(snapshot: Document) -> list[Sequence[object]]:
    groups = snapshot.get("kafka", {}).get("groups", ())
    return [
        (one["group"], one.get("verdict"), one.get("lag_messages"), one.get("lag_seconds")) for one in groups
    ]


def _models(snapshot: Document) -> list[Sequence[object]]:
    return [
        (
            f"{one['provider']}/{one['model']}", one.get("calls"), one.get("prompt_tokens"),
            one.get("completion_tokens"), one.get("cost_usd"), one.get("latency_p95_ms"),
        )
        for one in snapshot.get("llm_usage", {}).get("by_model", ())
    ]  # fmt: skip


def _sources(snapshot: Document) -> list[Sequence[object]]:
    return [
        (one["name"], one["status"], one.get("age_seconds"), one.get("reason") or _unavailable(one))
        for one in snapshot.get("sources", ())
    ]


def _unavailable(source: Document) -> str:
    return "; ".join(f"{one['part']}: {one['reason']}" for one in source.get("unavailable", ()))


def _table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")  # half a pod's name is no name
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def _cell(value: object) -> Text:
    """Show a value as it is, whatever an agent wrote into it; absent means unknown."""
    if value is None or value == "":
        return Text("–")
    return Text(f"{value:,.6g}" if isinstance(value, float) else visible(str(value)))

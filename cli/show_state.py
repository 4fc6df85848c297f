"""A snapshot for people: alerts, agents, their pods or processes, the cluster, consumer groups and topics,
models and spend, as tables.

The first column of each table names what its row is about, and stays whole on one line, so that the name can
be copied: a narrow terminal folds the other columns, and where nobody's terminal is, nothing is squeezed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.kafka_rows import GROUP_COLUMNS, TOPIC_COLUMNS, group_rows, topic_rows
from cli.llm_rows import (
    ALERT_COLUMNS,
    LIMIT_COLUMNS,
    MODEL_COLUMNS,
    SPENDER_COLUMNS,
    alert_rows,
    limit_rows,
    model_rows,
    spender_rows,
)
from cli.visible import visible

Document = Mapping[str, Any]

MAX_PODS = 50
"""Rows of pods that are shown; those in trouble come first."""
MAX_EVENTS = 10
"""Warning events that are shown, the newest first."""
MAX_KAFKA = 20
"""Rows of consumer groups, and of topics, that are shown; the worst come first."""
MAX_LLM = 20
"""Rows of alerts, model limits, spenders and models that are shown; the worst come first."""
MAX_NODES = 50
"""Rows of nodes in trouble that are shown."""
MIN_COLUMN = 7
"""Characters that a column keeps when another needs the width; a shorter one keeps what it has."""
MAX_COLUMN = 200
"""Characters from which a cell is folded, however wide the output is."""
GAP = 2
"""Characters between two columns, as rich pads them."""


def show_state(snapshot: Document, console: Console | None = None) -> None:
    """Print a snapshot (SPEC §4)."""
    console = console or Console()
    console.print(
        Text(visible(str(snapshot["timestamp"])), "bold"), " environment", _cell(snapshot["environment"])
    )
    alerts = alert_rows(snapshot)
    _table(console, "alerts", ALERT_COLUMNS, alerts[:MAX_LLM])
    _tell_more(console, len(alerts) - MAX_LLM)
    _table(console, "agents", ("name", "status", "models", "doing", "tools planned"), _agents(snapshot))
    _table(console, "deployments", ("deployment", "ready", "desired", "rollout"), _deployments(snapshot))
    pods = _pods(snapshot)
    _table(
        console,
        "pods and processes",
        ("pod", "status", "cpu (m)", "MiB", "restarts", "last ended"),
        pods[:MAX_PODS],
    )
    _tell_more(console, len(pods) - MAX_PODS)
    nodes = _ill_nodes(snapshot)
    _table(console, "nodes in trouble", ("node", "ready", "reports", "reason"), nodes[:MAX_NODES])
    _tell_more(console, len(nodes) - MAX_NODES)
    events = _events(snapshot)
    _table(
        console,
        "warning events",
        ("object", "reason", "count", "last seen", "message"),
        events[:MAX_EVENTS],
    )
    _tell_more(console, len(events) - MAX_EVENTS)
    groups, topics = group_rows(snapshot), topic_rows(snapshot)
    _table(console, "consumer groups", GROUP_COLUMNS, groups[:MAX_KAFKA])
    _tell_more(console, len(groups) - MAX_KAFKA)
    _table(console, "topics", TOPIC_COLUMNS, topics[:MAX_KAFKA])
    _tell_more(console, len(topics) - MAX_KAFKA)
    limits, spenders, used = limit_rows(snapshot), spender_rows(snapshot), model_rows(snapshot)
    _table(console, "model limits", LIMIT_COLUMNS, limits[:MAX_LLM])
    _tell_more(console, len(limits) - MAX_LLM)
    _table(console, "spend by agent, today (UTC)", SPENDER_COLUMNS, spenders[:MAX_LLM])
    _tell_more(console, len(spenders) - MAX_LLM)
    _table(console, "models", MODEL_COLUMNS, used[:MAX_LLM])
    _tell_more(console, len(used) - MAX_LLM)
    _table(console, "sources", ("source", "status", "age (s)", "cannot be read"), _sources(snapshot))


def _tell_more(console: Console, more: int) -> None:
    if more > 0:
        console.print(f"… and {more} more: oracle state --json")


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
            _pod_name(workload, pod), pod.get("status"), pod.get("cpu"), pod.get("memory"),
            pod.get("restarts"), pod.get("last_termination_reason"),
        )
        for workload, pod in pods
    ]  # fmt: skip


def _pod_name(workload: Document, pod: Document) -> str:
    name = f"{workload['namespace']}/{pod.get('name', pod['pod_id'])}"
    return f"{name} (mock)" if workload.get("runtime") == "mock" else name


def _ill_nodes(snapshot: Document) -> list[Sequence[object]]:
    """Give a row for each node that is not ready or reports a pressure, those that are not ready first."""
    nodes = [
        node
        for node in snapshot.get("kubernetes", {}).get("nodes", ())
        if not node["ready"] or node.get("pressures")
    ]
    return [
        (one["name"], "yes" if one["ready"] else "no", ", ".join(one.get("pressures", ())), one.get("reason"))
        for one in sorted(nodes, key=lambda node: bool(node["ready"]))
    ]


def _events(snapshot: Document) -> list[Sequence[object]]:
    """Give a row for each warning event, the newest first."""
    events = snapshot.get("kubernetes", {}).get("events", ())
    newest_first = sorted(events, key=lambda event: datetime.fromisoformat(event["last_seen"]), reverse=True)
    return [
        (f"{one['namespace']}/{one['object']}", one["reason"], one["count"], one["last_seen"], one["message"])
        for one in newest_first
    ]


def _is_well(pod: Document) -> bool:
    quiet = pod.get("ready", True) and not pod.get("restart_loop")
    return bool(quiet and pod.get("status") == "Running")


def _sources(snapshot: Document) -> list[Sequence[object]]:
    return [
        (_source_name(one), one["status"], one.get("age_seconds"), one.get("reason") or _unavailable(one))
        for one in snapshot.get("sources", ())
    ]


def _source_name(source: Document) -> str:
    instance = source.get("instance")
    return f"{source['name']}@{instance}" if instance else str(source["name"])


def _unavailable(source: Document) -> str:
    return "; ".join(f"{one['part']}: {one['reason']}" for one in source.get("unavailable", ()))


def _table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    cells = [[_cell(value) for value in row] for row in rows]
    table = Table(box=None, pad_edge=False)
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column, overflow="fold", max_width=MAX_COLUMN)
    for row in cells:
        table.add_row(*row)
    table.width = _width(console, [[Text(column) for column in columns], *cells])
    console.print(Text(title, "italic"))
    console.print(table, crop=False)


def _width(console: Console, rows: Sequence[Sequence[Text]]) -> int | None:
    """Give the width that a table needs where the terminal's, which is the usual one (None), is not its own.

    A pipe has no width. On a terminal too narrow even for the first column and a rest of the others, lines
    are longer than it.
    """
    first, *others = (max(cell_len(cell.plain) for cell in column) for column in zip(*rows, strict=True))
    gaps = GAP * len(others)
    if not console.is_terminal:
        return first + gaps + sum(min(width, MAX_COLUMN) for width in others)
    needed = first + gaps + sum(min(width, MIN_COLUMN) for width in others)
    return needed if needed > console.width else None


def _cell(value: object) -> Text:
    """Show a value as it is, whatever an agent wrote into it; absent means unknown."""
    if value is None or value == "":
        return Text("–")
    return Text(f"{value:,.6g}" if isinstance(value, float) else visible(str(value)))

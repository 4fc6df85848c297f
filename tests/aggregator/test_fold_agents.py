"""Agents in the fold: joined with their processes and calls, scaled, replaced, degraded, down."""

from tests.aggregator.records import (
    START_MS,
    Log,
    Outcome,
    call,
    event,
    gone,
    live_fold,
    mark,
    play,
    pod,
    workload,
)


def folded(log: Log) -> Outcome:
    return play(live_fold(), log.messages)


def test_an_agent_joins_its_telemetry_its_process_and_its_calls() -> None:
    log = Log()
    log.add(100, workload("writer-agent"))
    log.add(100, pod("writer-agent", "writer-agent-1"))
    log.add(
        200,
        event("task_started", task_id="t1", internal_state={"reasoning": "Thinking", "tools_planned": ["x"]}),
    )
    log.add(300, call(1))
    log.add(2_500, event("task_completed", task_id="t1"))
    log.add(4_500, mark())
    first, second = folded(log).documents()
    (agent,) = first["agents"]
    assert (agent["agent_id"], agent["name"], agent["deployment_name"]) == (
        "writer-agent",
        "Writer",
        "writer-agent",
    )
    assert agent["models"] == ["gpt-4o"]
    assert agent["instances"][0]["pod_id"] == "uid-writer-agent-1"
    assert agent["activity"]["active_task_ids"][0]["id"] == "t1"
    assert agent["activity"]["reasoning"] == "Thinking"
    assert second["agents"][0]["activity"]["active_task_ids"] == []
    usage = first["llm_usage"]
    assert usage["by_agent"] == [
        {
            "agent_id": "writer-agent",
            "calls": 1,
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "cost_usd": 0.000450000001,
            "unpriced_calls": 0,
        }
    ]
    assert first["litellm"][0]["tpm"] == 120
    assert first["litellm"][0]["rpm"] == 1


def test_scaling_a_deployment_adds_instances_and_no_agent() -> None:
    log = Log()
    log.add(100, workload("research-agent"))
    log.add(200, event("heartbeat", instance="research-agent-7f8d9", name="Researcher"))
    log.add(300, event("heartbeat", instance="research-agent-a1b2c", name="Researcher"))
    log.add(400, event("heartbeat", instance="elsewhere", name="Researcher"))
    log.add(2_500, mark())
    (agent,) = folded(log).documents()[0]["agents"]
    assert agent["agent_id"] == "research-agent"
    assert len(agent["instances"]) == 3


def test_an_instance_whose_pod_was_replaced_is_dropped_and_one_that_was_not_is_shown_as_down() -> None:
    log = Log()
    log.add(100, workload("writer-agent"))
    log.add(100, pod("writer-agent", "writer-agent-1"))
    log.add(200, event("heartbeat", instance="writer-agent-1"))
    log.add(2_500, gone("pod", "uid-writer-agent-1"))
    log.add(95_000, mark())
    log.add(95_100, pod("writer-agent", "writer-agent-2"))
    log.add(95_200, event("heartbeat", instance="writer-agent-2"))
    log.add(97_500, mark())
    documents = folded(log).documents()
    (left,), (agent,) = documents[-2]["agents"], documents[-1]["agents"]
    assert (left["status"], [one["instance_id"] for one in left["instances"]]) == ("down", ["writer-agent-1"])
    assert (agent["status"], [one["instance_id"] for one in agent["instances"]]) == (
        "healthy",
        ["writer-agent-2"],
    )


def test_an_agent_is_degraded_after_an_error_and_down_after_three_missed_heartbeats() -> None:
    log = Log()
    log.add(500, event("heartbeat", interval_seconds=10))
    log.add(2_500, event("error", error_type="Boom"))
    for second in range(4, 70):
        log.add(second * 1000 + 100, mark() if second != 5 else event("heartbeat", number=2))
    outcome = folded(log)
    seen = {
        one.tick_ms - START_MS: doc["agents"][0]["status"]
        for one, doc in zip(outcome.frozen, outcome.documents(), strict=True)
    }
    assert (seen[2_000], seen[4_000], seen[34_000], seen[36_000]) == (
        "healthy",
        "degraded",
        "degraded",
        "down",
    )

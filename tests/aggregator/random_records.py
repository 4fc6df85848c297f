"""Records of every kind, drawn at random, that tell of few things again and again."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from msgspec import UNSET

from tests.aggregator.records import (
    agent,
    budgets,
    call,
    deployment,
    discovery,
    event,
    gone,
    heartbeat,
    mark,
    observed,
    pod,
    workload,
)


def consumer_group(client: str, name: str = "g") -> dict[str, Any]:
    """Give a consumer group with one member."""
    member = {"member_id": "m", "client_id": client, "host": "/10.0.0.1"}
    partitions = [{"topic": "q", "partition": 0, "end_offset": 1}]
    return {"group": name, "state": "Stable", "members": [member], "partitions": partitions}


_SECONDS = st.integers(0, 30).map(lambda second: f"2026-01-01T00:00:{second:02d}Z")
_TRANSITIONS = st.lists(
    st.fixed_dictionaries({"status": st.sampled_from(["Running", "OOMKilled"]), "at": _SECONDS}), max_size=3
)
_DEPLOYMENTS = st.sampled_from(["a", "writer-agent"])
_EPOCHS = st.sampled_from(["e1", "e1", "e2"])
_PODS = st.builds(
    pod,
    _DEPLOYMENTS,
    st.sampled_from(["writer-agent-1", "a-1", "a-2"]),
    st.sampled_from(["Running", "OOMKilled", "Terminating"]),
    st.integers(0, 3),
    _EPOCHS,
    transitions=_TRANSITIONS,
    ip=st.sampled_from(["10.0.0.1", "10.0.0.2"]),
)
_KAFKA = st.one_of(
    st.builds(lambda client, name: observed("group", name, consumer_group(client, name)),
              st.sampled_from(["writer-agent-1", "x", "rdkafka"]), st.sampled_from(["g", "a-2"])),
    st.builds(lambda depth: observed("topic", "q", {"topic": "q", "partitions": 1, "depth": depth}),
              st.integers(0, 2)),
    st.just(observed("kafka_cluster", "cluster", {"sampled_at": "2026-01-01T00:00:00Z", "brokers": 1})),
    st.builds(gone, st.just("group"), st.sampled_from(["g", "a-2"])),
    st.builds(gone, st.just("topic"), st.just("q")),
)  # fmt: skip
_MODELS = st.builds(
    lambda status, left, second, model, reset, source: observed(
        "model", model,
        {
            "provider": "openai", "model": model, "status": status, "tpm_max": 1000, "tpm_remaining": left,
            "told_at": second, "resets_at": reset, "quota_exhausted": status == "unavailable",
            "answered_at": reset,
        },
        source=source,
    ),
    st.sampled_from(["available", "rate_limited", "unavailable"]),
    st.integers(0, 1000),
    _SECONDS,
    st.sampled_from(["gpt-4o", "m"]),
    _SECONDS,
    st.sampled_from(["k8s@cluster", "llm@a"]),
)  # fmt: skip
_ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"])
_TRACES = st.sampled_from([UNSET, "1", "2"])
_LLM = st.one_of(
    _MODELS,
    st.builds(gone, st.just("model"), st.sampled_from(["gpt-4o", "m"])),
    st.builds(budgets, st.dictionaries(st.sampled_from(["*", "writer-agent", "x"]),
                                       st.sampled_from(["0.0009", "0.001", "5"]), max_size=2)),
    st.builds(
        call,
        st.integers(0, 99),
        st.sampled_from(["writer-agent-1", "x"]),
        model=st.sampled_from(["gpt-4o", "m"]),
        status=st.sampled_from(["ok", "ok", "rate_limited", "error"]),
        latency_ms=st.sampled_from([10.0, 3000.0, 90_000.0]),
        tokens_estimated=st.booleans(),
        cost_usd=st.sampled_from([UNSET, Decimal("0.0004")]),
    ),
    st.builds(
        call,
        st.integers(100, 999),
        agent_id=st.sampled_from([UNSET, UNSET, "writer-agent-1"]),
        client_address=_ADDRESSES,
        trace_id=_TRACES,
        parent_span_id=_TRACES,
        prompt_hash=st.sampled_from(["p1", "p2", "p3"]),
        system_prompt_tokens=st.integers(1, 3),
    ),
    st.builds(
        lambda number, model, second, address: observed(
            "in_flight", f"call-{number}",
            {"call_id": f"call-{number}", "provider": "openai", "model": model, "started_at": second,
             "streaming": False, "client_address": address, "trace_id": "1"},
        ),
        st.integers(0, 5), st.sampled_from(["gpt-4o", "m"]), _SECONDS, _ADDRESSES,
    ),
    st.builds(gone, st.just("in_flight"), st.integers(0, 5).map(lambda number: f"call-{number}")),
)  # fmt: skip
_GONE = st.one_of(
    st.builds(gone, st.just("pod"), st.sampled_from(["uid-a-1", "uid-a-2", "uid-writer-agent-1"]), _EPOCHS),
    st.builds(gone, st.just("workload"), _DEPLOYMENTS, _EPOCHS),
    st.builds(gone, st.just("agent"), _DEPLOYMENTS.map(lambda name: f"local/{name}"), _EPOCHS),
)
RECORDS = st.one_of(
    st.builds(workload, _DEPLOYMENTS, _EPOCHS),
    _PODS,
    _KAFKA,
    _GONE,
    st.builds(
        agent,
        _DEPLOYMENTS,
        st.sampled_from(["Writer", "A"]),
        st.sampled_from(["local", "other"]),
        labeled=st.booleans(),
        excluded=st.booleans(),
    ),
    st.builds(discovery, st.sampled_from(["auto", "labeled", "all", "telemetry"])),
    st.builds(deployment, _DEPLOYMENTS, st.integers(0, 1)),
    st.builds(heartbeat, st.sampled_from(["pod", "workload", "agent"]), epoch=_EPOCHS),
    st.builds(
        event,
        st.sampled_from(
            ["task_queued", "task_started", "task_completed", "error", "agent_registered", "agent_removed",
             "heartbeat"]
        ),
        st.sampled_from(["writer-agent-1", "a-1", "x"]),
        st.sampled_from(["Writer", "A"]),
        task_id=st.sampled_from(["t1", "t2"]),
        queue=st.just("q"),
        trace_id=_TRACES,
        span_id=_TRACES,
        number=st.integers(0, 99),
    ),
    st.builds(call, st.integers(0, 20), st.sampled_from(["writer-agent-1", "x"])),
    _LLM,
    st.builds(mark),
    st.just(b"poison"),
)  # fmt: skip

"""Answers of the metrics API → CPU and memory of each pod."""

import json
from typing import Any

import pytest

from collectors.k8s_collector import usage
from schema.errors import SourceUnavailable
from tests.collectors.k8s.things import Json


def metrics(*items: Any) -> bytes:
    return json.dumps({"kind": "PodMetricsList", "items": list(items)}).encode()


def used(*containers: Any, name: str = "p") -> Json:
    return {"metadata": {"name": name, "namespace": "agents"}, "containers": list(containers)}


@pytest.mark.parametrize(
    ("containers", "use"),
    [
        ([{"usage": {"cpu": "152m", "memory": "256Mi"}}], {"cpu": 150, "memory": 256}),
        ([{"usage": {"cpu": "2500001n", "memory": "1Mi"}}, {"usage": {"cpu": "1", "memory": "1572864"}}],
         {"cpu": 1005, "memory": 2}),
        ([{"usage": {"cpu": "0", "memory": "0"}}], {"cpu": 0, "memory": 0}),
        ([{"usage": {"cpu": "odd", "memory": "1Gi"}}], {"memory": 1024}),
        ([{"usage": {}}, {"usage": None}, {}], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_use_is_summed_and_rounded(containers: list[Any], use: Json) -> None:
    assert usage.use_of(metrics(used(*containers))) == {("agents", "p"): use}


def test_pods_without_containers_cost_only_themselves() -> None:
    empty = {"metadata": {"name": "empty", "namespace": "agents"}, "containers": None}
    found = usage.use_of(metrics(empty, used({"usage": {"cpu": "1"}})))
    assert found == {("agents", "empty"): {}, ("agents", "p"): {"cpu": 1000}}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"items": [{"metadata": 1}]}', b'{"items": {}}'])
def test_what_is_no_list_of_metrics_is_told_as_unreadable(body: bytes) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        usage.use_of(body)


@pytest.mark.parametrize("body", [b'{"items": null}', b"{}", b'{"items": []}'])
def test_no_metrics_are_no_error(body: bytes) -> None:
    assert usage.use_of(body) == {}

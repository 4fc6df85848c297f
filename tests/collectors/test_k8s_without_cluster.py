"""The collector without a cluster, the made-up workloads, and settings that are wrong."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.base.collector import Complete, Item, Observed
from collectors.k8s_collector.collector import make
from collectors.k8s_collector.resources import KINDS
from collectors.k8s_collector.settings import K8sSettings
from runtime.settings import load
from schema.errors import SettingError, SourceUnavailable
from schema.observed import WorkloadObserved
from tests.collectors.k8s.server import Api
from tests.collectors.k8s.watched import Watching, fill, settings, starting


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
async def watching(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    async for start in starting(api, tmp_path, monkeypatch):
        yield start


NOWHERE = os.devnull
"""As compose has it where KUBECONFIG is not set."""


async def once(made: Any) -> list[Item]:
    return [item async for item in made.observe()]


@pytest.mark.parametrize("mode", ["auto", "labeled", "all"])
async def test_without_a_cluster_it_is_down_and_says_what_to_do(mode: Any) -> None:
    made, _ = make(settings(kubeconfig=NOWHERE, oracle_discovery_mode=mode))
    with pytest.raises(SourceUnavailable, match=r"no cluster is configured.*KUBECONFIG"):
        await once(made)


async def test_without_a_cluster_the_mode_telemetry_is_content() -> None:
    made, _ = make(settings(kubeconfig=NOWHERE, oracle_discovery_mode="telemetry"))
    assert await once(made) == [Complete(KINDS)]


@pytest.mark.parametrize("mode", ["auto", "telemetry"])
async def test_mocks_are_workloads_that_say_so_and_nothing_else(mode: Any) -> None:
    made, _ = make(settings(kubeconfig=NOWHERE, oracle_allow_mocks=True, oracle_discovery_mode=mode))
    *items, complete = await once(made)
    workloads = [item.value for item in items if isinstance(item, Observed) and item.kind == "workload"]
    assert {one.runtime for one in workloads if isinstance(one, WorkloadObserved)} == {"mock"}
    assert {item.kind for item in items if isinstance(item, Observed)} == {"workload", "pod"}
    assert complete == Complete(("workload", "pod"))


async def test_a_path_that_leads_nowhere_is_told_and_never_replaced_by_mocks(tmp_path: Path) -> None:
    path = str(tmp_path / "typo")
    made, instance = make(settings(kubeconfig=path, oracle_allow_mocks=True, k8s_cluster=""))
    assert instance == "unknown"
    with pytest.raises(SourceUnavailable, match=r"KUBECONFIG names no file that is there: .*typo"):
        await once(made)


async def test_with_a_cluster_there_are_no_mocks_also_when_it_is_down(api: Api, watching: Watching) -> None:
    fill(api)
    watched = watching(oracle_allow_mocks=True)
    await watched.synced_all()
    api.stop()
    await watched.until(lambda: watched.down)
    assert {key for kind, key in watched.values if kind == "workload"} == {"agents/research-agent"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Agents", "ORACLE_NAMESPACES is wrong: entry 1 is no name of a namespace"),
        ("agents,-x", "ORACLE_NAMESPACES is wrong: entry 2 is no name of a namespace"),
        ("a/b", "ORACLE_NAMESPACES is wrong"),
        ("x" * 64, "ORACLE_NAMESPACES is wrong"),
        ("agents,../../secrets", "ORACLE_NAMESPACES is wrong"),
        (",".join(f"n{number}" for number in range(51)), "ORACLE_NAMESPACES is wrong"),
        ("*,agents", "ORACLE_NAMESPACES is wrong: `*` stands alone"),
        ("*,*", "ORACLE_NAMESPACES is wrong: `*` stands alone"),
    ],
)
def test_wrong_namespaces_are_told_in_one_line(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^[^\n]*$") as caught:
        make(load(K8sSettings, {"ORACLE_NAMESPACES": text}, tmp_path / ".env"))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "instance"),
    [
        ("", "made-up"),
        ("b, a ,b", "made-up"),
        ("*", "made-up"),
    ],
)
def test_the_instance_names_the_cluster_whatever_is_watched_of_it(
    api: Api, tmp_path: Path, text: str, instance: str
) -> None:
    path = str(api.kubeconfig(tmp_path / "kubeconfig"))
    found = load(K8sSettings, {"ORACLE_NAMESPACES": text, "KUBECONFIG": path}, tmp_path / ".env")
    assert make(found)[1] == instance

"""List, watch, resume, begin anew: one resource of one namespace, against a server that does as it is told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import kubernetes.client
import pytest

from collectors.base.collector import Gone, Item, Observed, Partial
from collectors.k8s_collector import reflector as reflector_module
from collectors.k8s_collector.client import ApiServer
from collectors.k8s_collector.clock import ServerClock
from collectors.k8s_collector.objects import AnyObject, Pod
from collectors.k8s_collector.reflector import Reflector
from collectors.k8s_collector.resources import PODS
from schema.errors import SourceExpired, SourceRefused, SourceUnavailable
from tests.collectors.k8s.server import Api, Exchange, bookmark, event, failure
from tests.collectors.k8s.things import Json, container_status, pod_json, running

PATH = "/api/v1/namespaces/agents/pods"


class Sink:
    """Keeps the names of pods, and what was told of them."""

    def __init__(self) -> None:
        self.pods: dict[str, str] = {}
        self.log: list[str] = []
        self.reasons: list[str] = []
        self.news = asyncio.Event()

    def changed(self, value: AnyObject) -> list[Item]:
        assert isinstance(value, Pod)
        self.pods[value.metadata.uid] = value.metadata.name
        phase = value.status.phase
        return [Observed("pod", f"{value.metadata.name} {phase}", value)]  # type: ignore[arg-type]  # only its id

    def gone(self, kind: type[AnyObject], uid: str, last: AnyObject | None) -> list[Item]:
        name = self.pods.pop(uid, uid)
        return [Gone("pod", f"{name} gone" + (", seen" if last else ""))]

    async def put(self, items: list[Item]) -> None:
        for item in items:
            if isinstance(item, Partial):
                self.reasons.append(item.reason)
            elif isinstance(item, Observed | Gone):
                self.log.append(item.id)
        self.news.set()

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(10):
            while not true():
                self.news.clear()
                if not true():
                    with_timeout = asyncio.wait_for(self.news.wait(), 0.02)
                    try:
                        await with_timeout
                    except TimeoutError:
                        continue


class Bench:
    """A reflector of pods, its sink, and the server that it follows."""

    def __init__(self, api: Api) -> None:
        configuration = kubernetes.client.Configuration(host=api.url)
        self.api = api
        self.server = ApiServer(configuration, ServerClock())
        self.sink = Sink()
        self.reflector = Reflector(PODS, "agents", self.sink)
        self.settled = 0

    def settle(self) -> None:
        self.settled += 1

    async def step(self) -> None:
        """One connection, to its end."""
        async with asyncio.timeout(20):
            await self.reflector.step(self.server, self.settle)

    async def follow_until(self, true: Callable[[], Any]) -> None:
        """Follow until something holds."""
        task = asyncio.create_task(self.reflector.follow(self.server, self.settle))
        waiting = asyncio.create_task(self.sink.until(true))
        try:
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            await waiting
        finally:
            task.cancel()
            waiting.cancel()
            await asyncio.gather(task, waiting, return_exceptions=True)

    def drain(self) -> list[str]:
        """Give what was told since the last call."""
        told, self.sink.log = self.sink.log, []
        return told


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
def bench(api: Api, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(reflector_module, "RETRY_SECONDS", (0.001, 0.01))
    return Bench(api)


def thing(name: str, version: int | str = 0, phase: str = "Running", **more: Any) -> Json:
    """Give a pod with a resource version."""
    made = pod_json(name, {"phase": phase}, **more)
    made["metadata"]["resourceVersion"] = str(version)
    return made


def watch(*lines: bytes, end: str = "end") -> Callable[[Exchange], None]:
    """Script a watch: these lines, then its `end`, a `cut` or `hold`."""

    def answer(exchange: Exchange) -> None:
        exchange.stream(*lines)
        getattr(exchange, end)()

    return answer


def page(*items: Json, after: str = "", version: int = 7) -> Callable[[Exchange], None]:
    """Script a page of a list."""
    return lambda exchange: exchange.json(
        {"metadata": {"resourceVersion": str(version), "continue": after}, "items": list(items)}
    )


def refuse(status: int, reason: str = "", message: str = "") -> Callable[[Exchange], None]:
    """Script a refusal."""
    return lambda exchange: exchange.refuse(status, reason, message)


LISTED = (event("ADDED", thing("one", 3)), event("ADDED", thing("two", 5)), bookmark(9, ends_list=True))


async def test_a_watch_begins_with_the_list_and_its_end_is_told_once(api: Api, bench: Bench) -> None:
    api.script(PATH, watch(*LISTED, event("MODIFIED", thing("one", 10, "Failed"))))
    await bench.step()
    assert bench.drain() == ["one Running", "two Running", "one Failed"]
    assert bench.settled == 1
    assert api.requests(PATH)[0]["sendInitialEvents"] == "true"


@pytest.mark.parametrize("end", ["end", "cut"])
@pytest.mark.parametrize(
    ("line", "version"),
    [
        (event("MODIFIED", thing("one", 12)), "12"),
        (event("ADDED", thing("three", 13)), "13"),
        (event("DELETED", thing("one", 14)), "14"),
        (bookmark(15), "15"),
        (event("MODIFIED", {**thing("one", 16), "status": 1}), "16"),
        (event("MODIFIED", thing("one", 17))[:-30], "9"),
        (event("TOMORROWS", thing("one", 18)), "9"),
        (b"\n\n", "9"),
    ],
)
async def test_a_watch_resumes_at_the_last_version_that_it_was_told(
    api: Api, bench: Bench, line: bytes, version: str, end: str
) -> None:
    api.script(PATH, watch(*LISTED, line, end=end), watch())
    await bench.step()
    await bench.step()
    again = api.requests(PATH)[1]
    assert again["resourceVersion"] == version
    assert "sendInitialEvents" not in again


@pytest.mark.parametrize("status", [400, 405, 415, 422])
async def test_a_server_without_streaming_lists_is_asked_for_pages(
    api: Api, bench: Bench, status: int
) -> None:
    api.script(PATH, refuse(status), page(thing("one"), after="x"), page(thing("two"), version=9), watch())
    await bench.step()
    assert bench.drain() == ["one Running", "two Running"]
    first, second, third, fourth = api.requests(PATH)
    assert (second["limit"], second.get("continue"), third["continue"]) == ("500", None, "x")
    assert (fourth["watch"], fourth["resourceVersion"]) == ("1", "9")
    assert bench.settled == 1


async def test_pages_whose_token_expires_are_read_from_the_beginning(api: Api, bench: Bench) -> None:
    bench.reflector._streams_lists = False
    api.script(PATH, page(thing("one"), after="x"), refuse(410, "Expired"))
    with pytest.raises(SourceExpired):
        await bench.step()
    assert bench.settled == 0
    api.script(PATH, page(thing("two"), version=9), watch())
    await bench.step()
    assert bench.drain() == ["one Running", "two Running", "one gone"]


async def expired_by_http(bench: Bench) -> None:
    bench.api.script(PATH, refuse(410, "Gone"))
    with pytest.raises(SourceExpired):
        await bench.step()


async def expired_by_event(bench: Bench) -> None:
    bench.api.script(PATH, watch(event("ERROR", failure(410, "Expired", "too old"))))
    with pytest.raises(SourceExpired):
        await bench.step()


@pytest.mark.parametrize("expire", [expired_by_http, expired_by_event])
async def test_what_vanished_in_a_gap_is_gone_after_the_list_is_read_anew(
    api: Api, bench: Bench, expire: Callable[[Bench], Awaitable[None]]
) -> None:
    api.script(PATH, watch(*LISTED))
    await bench.step()
    await expire(bench)
    bench.drain()
    bench.reflector._version = ""  # as `follow` does
    api.script(PATH, watch(event("ADDED", thing("two", 5)), bookmark(20, ends_list=True)))
    await bench.step()
    assert bench.drain() == ["two Running", "one gone"]


async def test_following_begins_anew_by_itself_when_history_is_gone(api: Api, bench: Bench) -> None:
    api.put(PATH, thing("one"))
    api.put(PATH, thing("two"))
    await bench.follow_until(lambda: len(bench.sink.pods) == 2)
    api.delete(PATH, "uid-one")
    api.compact()
    await bench.follow_until(lambda: len(bench.sink.pods) == 1)
    assert bench.drain()[-1] == "one gone"


async def test_a_cut_during_the_first_list_loses_and_ends_nothing(api: Api, bench: Bench) -> None:
    api.script(PATH, watch(LISTED[0], end="cut"), watch(*LISTED[:2], bookmark(9, ends_list=True)))
    await bench.step()
    assert bench.settled == 0
    await bench.step()
    assert bench.drain() == ["one Running", "one Running", "two Running"]
    assert bench.settled == 1
    assert api.requests(PATH)[1]["sendInitialEvents"] == "true"


async def test_what_is_deleted_while_the_list_comes_is_gone(api: Api, bench: Bench) -> None:
    api.script(PATH, watch(*LISTED[:2], event("DELETED", thing("one", 6)), bookmark(9, ends_list=True)))
    await bench.step()
    assert bench.drain() == ["one Running", "two Running", "one gone, seen"]
    assert bench.reflector._known == {"uid-two"}


@pytest.mark.parametrize(
    ("line", "raised"),
    [
        (event("ERROR", failure(410, "Expired")), SourceExpired),
        (event("ERROR", failure(500, "InternalError", "etcd")), SourceRefused),
        (event("ERROR", {"code": "many"}), SourceUnavailable),
        (b'{"type":"BOOKMARK","object":null}\n', SourceUnavailable),
        (b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":9}}}\n', SourceUnavailable),
        (b"<html>502 Bad Gateway</html>\n", SourceUnavailable),
        (b'{"type":1}\n', SourceUnavailable),
        (b"\xff\xfe\n", SourceUnavailable),
    ],
)
async def test_what_came_before_an_error_is_told_all_the_same(
    api: Api, bench: Bench, line: bytes, raised: type[Exception]
) -> None:
    ended = event("DELETED", thing("one", 11))
    api.script(PATH, watch(b"".join([*LISTED, ended, line]), end="hold"))
    with pytest.raises(raised):
        await bench.step()
    assert bench.drain() == ["one Running", "two Running", "one gone, seen"]


WRONG: list[tuple[str, Json]] = [
    ("status", {"status": {"phase": 7}}),
    ("restarts", {"status": {"containerStatuses": [{"name": "main", "restartCount": "many"}]}}),
    ("containers", {"spec": {"containers": None}}),
    ("labels", {"metadata": {**thing("one", 11)["metadata"], "labels": {"app": 1}}}),
    ("time", {"metadata": {**thing("one", 11)["metadata"], "creationTimestamp": "yesterday"}}),
    ("time without a zone", {"metadata": {**thing("one", 11)["metadata"], "creationTimestamp": "2026-02-06T14:00:00"}}),
    ("owners", {"metadata": {**thing("one", 11)["metadata"], "ownerReferences": {}}}),
]  # fmt: skip


@pytest.mark.parametrize("wrong", [one for _, one in WRONG], ids=[name for name, _ in WRONG])
async def test_an_object_of_wrong_types_keeps_its_last_state_until_it_is_right_again(
    api: Api, bench: Bench, wrong: Json
) -> None:
    broken = {**thing("one", 11), **wrong}
    right = event("MODIFIED", thing("one", 12, "Failed"))
    api.script(PATH, watch(*LISTED, event("MODIFIED", broken)), watch(right))
    await bench.step()
    assert bench.drain() == ["one Running", "two Running"]
    assert bench.sink.reasons[-1].startswith("agents/one: ")
    await bench.step()
    assert bench.drain() == ["one Failed"]
    assert bench.sink.reasons[-1] == ""


@pytest.mark.parametrize("wrong", [one for _, one in WRONG], ids=[name for name, _ in WRONG])
async def test_an_object_of_wrong_types_in_a_list_is_not_gone(api: Api, bench: Bench, wrong: Json) -> None:
    api.script(PATH, watch(*LISTED))
    await bench.step()
    bench.drain()
    bench.reflector._version = ""
    broken = event("ADDED", {**thing("one", 11), **wrong})
    api.script(PATH, watch(broken, LISTED[1], bookmark(20, ends_list=True)))
    await bench.step()
    assert bench.drain() == ["two Running"]


async def test_an_object_of_wrong_types_that_ends_is_gone_and_not_complained_of(
    api: Api, bench: Bench
) -> None:
    broken = {**thing("one", 11), "status": {"phase": 7}}
    api.script(PATH, watch(*LISTED, event("MODIFIED", broken)), watch(event("DELETED", broken)))
    await bench.step()
    await bench.step()
    assert bench.drain()[-1] == "one gone"
    assert bench.sink.reasons[-1] == ""


@pytest.mark.parametrize(
    "line",
    [
        event("ADDED", {"metadata": {"uid": "nameless"}}),
        event("ADDED", []),  # type: ignore[arg-type]  # what no server should send
        b'{"type":"ADDED","object":' + b"[" * 5000 + b"]" * 5000 + b"}\n",
        b'{"type":"ADDED","object":{"metadata":{"name":"\xff"}}}\n',
    ],
)
async def test_while_something_in_a_list_has_no_name_nothing_is_taken_for_gone(
    api: Api, bench: Bench, line: bytes
) -> None:
    api.script(PATH, watch(*LISTED))
    await bench.step()
    bench.drain()
    bench.reflector._version = ""
    api.script(PATH, watch(line, LISTED[1], bookmark(20, ends_list=True)))
    await bench.step()
    assert bench.drain() == ["two Running"]
    assert bench.sink.reasons[-1]


async def test_a_large_object_is_taken_and_a_huge_line_passed_over_and_told(api: Api, bench: Bench) -> None:
    large = thing("large", 11, annotations={"all": "x" * 10 * 2**20})
    huge = event("ADDED", thing("huge", 12, annotations={"all": "x" * 40 * 2**20}))
    after = event("ADDED", thing("after", 13))
    api.script(PATH, watch(*LISTED, event("ADDED", large), huge, after), watch(bookmark(14)))
    await bench.step()
    assert bench.drain()[2:] == ["large Running", "after Running"]
    assert bench.sink.reasons[-1] == "1 objects were too large to be read"
    await bench.step()
    assert bench.sink.reasons[-1] == ""


async def test_a_watch_cut_inside_an_object_tells_the_object_once(api: Api, bench: Bench) -> None:
    line = event("MODIFIED", thing("one", 11, "Failed"))
    api.script(PATH, watch(*LISTED, line[: len(line) // 2], end="cut"), watch(line))
    await bench.step()
    await bench.step()
    assert bench.drain() == ["one Running", "two Running", "one Failed"]


async def test_a_refusal_is_told_and_ends_when_the_server_permits(api: Api, bench: Bench) -> None:
    api.put(PATH, thing("one"))
    api.always(PATH, refuse(403, "Forbidden", "pods is forbidden"))
    await bench.follow_until(lambda: bench.sink.reasons)
    assert bench.sink.reasons == ["403 Forbidden: pods is forbidden"]
    assert bench.reflector.settled
    api.always(PATH, None)
    await bench.follow_until(lambda: bench.sink.pods)
    await bench.follow_until(lambda: bench.sink.reasons[-1] == "")


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble_is_asked_again_and_again(api: Api, bench: Bench, status: int) -> None:
    api.put(PATH, thing("one"))
    api.script(PATH, *[refuse(status)] * 3)
    await bench.follow_until(lambda: bench.sink.pods and bench.sink.reasons[-1] == "")
    assert bench.sink.reasons[0].startswith(str(status))


async def test_the_waits_between_refused_requests_grow(
    api: Api, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(reflector_module, "RETRY_SECONDS", (0.001, 0.016))
    monkeypatch.setattr(reflector_module.random, "uniform", lambda low, high: waits.append(1) or high)
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(reflector_module.asyncio, "sleep", note)
    api.always(PATH, refuse(429, "TooManyRequests"))
    task = asyncio.create_task(bench.reflector.follow(bench.server, bench.settle))
    while len(slept) < 7:
        await sleep(0.005)
    task.cancel()
    assert slept[:7] == [0.001, 0.002, 0.004, 0.008, 0.016, 0.016, 0.016]


async def test_no_credentials_and_no_answer_end_the_following(api: Api, bench: Bench) -> None:
    api.always(PATH, refuse(401, "Unauthorized", "Unauthorized"))
    with pytest.raises(SourceUnavailable, match="does not accept our credentials"):
        await bench.follow_until(lambda: False)
    api.stop()
    with pytest.raises(SourceUnavailable, match="does not answer"):
        await bench.follow_until(lambda: False)


async def test_an_idle_watch_that_the_server_ends_is_resumed_where_it_was(
    api: Api, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector_module, "SHORT_SECONDS", 0.0)
    api.put(PATH, thing("one"))
    api.script(PATH, watch(event("ADDED", thing("one", 3)), bookmark(101, ends_list=True)), watch(), watch())
    await bench.follow_until(lambda: len(api.requests(PATH)) > 3)
    assert [one.get("resourceVersion") for one in api.requests(PATH)[:4]] == [None, "101", "101", "101"]
    assert bench.drain() == ["one Running"]


async def test_what_is_unavailable_is_told_again_in_a_new_pass(api: Api, bench: Bench) -> None:
    api.always(PATH, refuse(403, "Forbidden"))
    for _ in range(2):
        bench.sink.reasons.clear()
        await bench.follow_until(lambda: bench.sink.reasons)


async def test_containers_reach_the_sink_as_they_were_sent(api: Api, bench: Bench) -> None:
    sent = thing("one")
    sent["status"]["containerStatuses"] = [container_status(running())]
    api.put(PATH, sent)
    await bench.follow_until(lambda: bench.sink.pods)
    assert bench.drain() == ["one Running"]

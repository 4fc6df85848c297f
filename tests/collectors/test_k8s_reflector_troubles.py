"""What a server may send or refuse while one resource is followed, and what comes of it."""

import asyncio
from collections.abc import Iterator

import pytest

from collectors.k8s_collector import reflector as reflector_module
from schema.errors import SourceExpired, SourceRefused, SourceUnavailable
from tests.collectors.k8s.following import LISTED, PATH, Bench, refuse, thing, watch
from tests.collectors.k8s.lines import bookmark, event, failure
from tests.collectors.k8s.server import Api
from tests.collectors.k8s.things import Json


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
def bench(api: Api, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(reflector_module, "RETRY_SECONDS", (0.001, 0.01))
    return Bench(api)


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
    ("time without a zone",
     {"metadata": {**thing("one", 11)["metadata"], "creationTimestamp": "2026-02-06T14:00:00"}}),
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
    monkeypatch.setattr(reflector_module, "RETRY_SECONDS", (0.001, 0.016))
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr("asyncio.sleep", note)
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


async def test_what_is_unavailable_is_told_again_in_a_new_pass(api: Api, bench: Bench) -> None:
    api.always(PATH, refuse(403, "Forbidden"))
    for _ in range(2):
        bench.sink.reasons.clear()
        await bench.follow_until(lambda: bench.sink.reasons)

"""List, watch, resume, begin anew: one resource of one namespace, followed without missing a change."""

from collections.abc import Awaitable, Callable, Iterator

import pytest

from collectors.k8s_collector import reflector as reflector_module
from schema.errors import SourceExpired
from tests.collectors.k8s.following import LISTED, PATH, Bench, page, refuse, thing, watch
from tests.collectors.k8s.lines import bookmark, event, failure
from tests.collectors.k8s.server import Api
from tests.collectors.k8s.things import container_status, running


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
def bench(api: Api, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(reflector_module, "RETRY_SECONDS", (0.001, 0.01))
    return Bench(api)


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
    _, second, third, fourth = api.requests(PATH)
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


async def test_a_watch_cut_inside_an_object_tells_the_object_once(api: Api, bench: Bench) -> None:
    line = event("MODIFIED", thing("one", 11, "Failed"))
    api.script(PATH, watch(*LISTED, line[: len(line) // 2], end="cut"), watch(line))
    await bench.step()
    await bench.step()
    assert bench.drain() == ["one Running", "two Running", "one Failed"]


async def test_an_idle_watch_that_the_server_ends_is_resumed_where_it_was(
    api: Api, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector_module, "SHORT_SECONDS", 0.0)
    api.put(PATH, thing("one"))
    api.script(PATH, watch(event("ADDED", thing("one", 3)), bookmark(101, ends_list=True)), watch(), watch())
    await bench.follow_until(lambda: len(api.requests(PATH)) > 3)
    assert [one.get("resourceVersion") for one in api.requests(PATH)[:4]] == [None, "101", "101", "101"]
    assert bench.drain() == ["one Running"]


async def test_a_watch_that_stays_silent_for_long_is_doubted_and_the_list_read_anew(
    api: Api, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector_module, "LONG_SECONDS", 0.0)
    api.put(PATH, thing("one"))
    first = watch(event("ADDED", thing("one", 3)), bookmark(900, ends_list=True))
    again = watch(event("ADDED", thing("two", 3)), bookmark(50, ends_list=True))
    api.script(PATH, first, watch(), again)
    for _ in range(3):
        await bench.step()
    assert [one.get("resourceVersion") for one in api.requests(PATH)[:3]] == [None, "900", None]
    assert bench.drain()[:3] == ["one Running", "two Running", "one gone"]


async def test_a_streaming_list_that_does_not_end_for_long_is_read_in_pages(
    api: Api, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector_module, "LONG_SECONDS", 0.0)
    api.script(PATH, watch(event("ADDED", thing("one", 3))), page(thing("one", 3), version=9), watch())
    await bench.step()
    await bench.step()
    assert [one.get("sendInitialEvents") for one in api.requests(PATH)] == ["true", None, None]
    assert [one.get("resourceVersion") for one in api.requests(PATH)] == [None, None, "9"]


async def test_containers_reach_the_sink_as_they_were_sent(api: Api, bench: Bench) -> None:
    sent = thing("one")
    sent["status"]["containerStatuses"] = [container_status(running())]
    api.put(PATH, sent)
    await bench.follow_until(lambda: bench.sink.pods)
    assert bench.drain() == ["one Running"]

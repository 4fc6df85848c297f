"""Names of endpoints, looked up apart from those of calls."""

import socket
import threading
from dataclasses import replace

import pytest

from collectors.llm_collector import discovery, names_apart
from collectors.llm_collector.discovery import Discovery, open_asking
from collectors.llm_collector.endpoints import Endpoint
from tests.llm.endpoints import HERE, Shown, ask


async def test_names_that_hang_are_given_up_and_take_no_thread_from_the_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hang, looked_up = threading.Event(), list[str]()

    def look_up(host: str, *_: object) -> OSError:
        looked_up.append(threading.current_thread().name)
        hang.wait(10)
        return OSError("late")

    monkeypatch.setattr(discovery, "TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(names_apart, "_look_up", look_up)
    shown = Shown()
    async with open_asking() as client:
        asking = Discovery([], client, shown)
        for number in range(names_apart.MAX_LOOKUPS + 1):
            listing = f"http://slow-{number}.example/v1/models"
            assert not await asking.ask(Endpoint(f"e{number}", listing, configured=("mine",)))
        hang.set()
    assert looked_up == [f"look-up of slow-{number}.example" for number in range(names_apart.MAX_LOOKUPS)]
    *waited, refused = shown.reasons.values()
    assert set(waited) == {"no answer within 0.1 s"}
    assert refused == "its name leads to no address", "one more was not even tried"


async def test_a_name_that_leads_to_the_metadata_of_a_cloud_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = names_apart._look_up("169.254.169.254", 80, socket.AF_INET)
    monkeypatch.setattr(names_apart, "_look_up", lambda *_: found)
    shown = await ask(replace(HERE, listing="http://metadata.example/v1/models", configured=("mine",)))
    assert shown.status("here") == {"mine": "unavailable"}
    assert shown.reasons["here"] == "a provider's name leads to an address that is never called"

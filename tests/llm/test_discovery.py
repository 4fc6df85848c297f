"""Endpoints asked for their models: real servers on loopback, with the shapes that their APIs document."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from msgspec import UNSET

from collectors.base.collector import Item, Partial
from collectors.llm_collector import discovery
from collectors.llm_collector.board import Board
from collectors.llm_collector.discovery import Discovery, open_asking
from collectors.llm_collector.endpoints import Endpoint, endpoints_of
from collectors.llm_collector.routes import Routes
from collectors.llm_collector.settings import LlmSettings
from schema.observed import ModelObserved
from tests.llm.endpoints import HERE, Shown, ask, serving

# https://github.com/ollama/ollama/blob/main/docs/api.md
TAGS = {"models": [
    {"name": "deepseek-r1:latest", "model": "deepseek-r1:latest", "modified_at": "2025-05-10T08:06:48-07:00",
     "size": 4683075271, "digest": "0a8c266910232fd3291e71e5ba1e058cc5af9d411192cf88b6d30e92b6e73163",
     "details": {"parent_model": "", "format": "gguf", "family": "qwen2", "families": ["qwen2"],
                 "parameter_size": "7.6B", "quantization_level": "Q4_K_M"}},
    {"name": "llama3.2:latest", "model": "llama3.2:latest", "modified_at": "2025-05-04T17:37:44-07:00",
     "size": 2019393189, "digest": "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
     "details": {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
                 "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}},
]}  # fmt: skip
PS = {"models": [
    {"name": "llama3.2:latest", "model": "llama3.2:latest", "size": 5137025024, "digest": "2ae6f6dd7a3d",
     "details": {}, "expires_at": "2024-06-04T14:38:31.83753-07:00", "size_vram": 5137025024},
]}  # fmt: skip
# https://docs.litellm.ai/docs/proxy/model_management and OpenAI's list of models
MODELS = {"data": [
    {"id": "gpt-4o", "object": "model", "created": 1677610602, "owned_by": "openai"},
    {"id": "claude", "object": "model", "created": 1677610602, "owned_by": "openai"},
    {"id": "openai/*", "object": "model", "created": 1677610602, "owned_by": "openai"},
], "object": "list"}  # fmt: skip


async def ask_for(answer: Any, configured: tuple[str, ...] = ("mine",)) -> Shown:
    async with serving({"/v1/models": answer}) as address:
        return await ask(replace(HERE, listing=f"{address}/v1/models", configured=configured))


async def test_ollama_tells_its_models_and_which_are_loaded() -> None:
    async with serving({"/api/tags": TAGS, "/api/ps": PS}) as address:
        settings = LlmSettings(ollama_base_url=address)
        [endpoint] = endpoints_of(settings, Routes(settings))
        shown = await ask(endpoint)
    assert shown.models["ollama"] == [
        ModelObserved(provider="ollama", model="deepseek-r1:latest", status="available", loaded=False),
        ModelObserved(provider="ollama", model="llama3.2:latest", status="available", loaded=True),
    ]


async def test_an_ollama_that_does_not_say_what_is_loaded_has_its_models_all_the_same() -> None:
    async with serving({"/api/tags": TAGS, "/api/ps": 500}) as address:
        shown = await ask(Endpoint("ollama", f"{address}/api/tags", f"{address}/api/ps"))
    assert {one.loaded for one in shown.models["ollama"]} == {UNSET}
    assert set(shown.status("ollama").values()) == {"available"}


@pytest.mark.parametrize("path", ["", "/v1"])
async def test_litellm_tells_its_models_and_those_of_the_settings_are_shown_beside_them(path: str) -> None:
    async with serving({"/v1/models": MODELS}) as address:
        providers = [{"name": "gateway", "url": address + path, "models": ["gpt-4o", "not-listed"]}]
        settings = LlmSettings(ollama_base_url="", litellm_providers=json.dumps(providers))
        [endpoint] = endpoints_of(settings, Routes(settings))
        shown = await ask(endpoint)
    assert shown.status("gateway") == {"gpt-4o": "available", "claude": "available", "not-listed": "unknown"}
    assert shown.models["gateway"][2].reason == "gateway does not list it"
    assert shown.reasons["gateway"] == ""


@pytest.mark.parametrize(
    ("answer", "status", "reason", "told"),
    [
        (401, "unknown", "it asks for a key (401), and none is sent", False),
        (403, "unknown", "it asks for a key (403), and none is sent", False),
        (404, "unknown", "it does not tell its models: it answers 404", False),
        (302, "unknown", "it does not tell its models: it answers 302", False),
        (429, "unknown", "it does not tell its models: it answers 429", False),
        (500, "unknown", "it does not tell its models: it answers 500", False),
        (502, "unavailable", "it answers 502", True),
        (503, "unavailable", "it answers 503", True),
        (b"<html>sign in</html>", "unknown", "its list of models is no JSON", False),
        (b"\xff\xfe", "unknown", "its list of models is no JSON", False),
        (b"[" * 500_000, "unknown", "its list of models is no JSON", False),
        (b"1", "unknown", "its list of models is not of the form that is expected", False),
        ({"data": "none"}, "unknown", "its list of models is not of the form that is expected", False),
        (b" " * (1024 * 1024 + 1), "unknown", "its list of models is larger than 1048576 bytes", False),
    ],
)
async def test_what_is_no_list_of_models_is_told_with_its_reason(
    answer: Any, status: str, reason: str, told: bool
) -> None:
    shown = await ask_for(answer)
    assert shown.models["here"] == [
        ModelObserved(provider="here", model="mine", status=status, reason=reason)  # type: ignore[arg-type]
    ]
    assert shown.reasons["here"] == (reason if told else "")


async def test_names_that_cannot_be_names_are_passed_over() -> None:
    entries = [
        {"id": one} for one in ("", "x" * 257, "a\nb", "a\x00b", 7, None, "fine", "fine", "\u202eevil")
    ]
    shown = await ask_for({"data": [*entries, "text", None, {}]}, configured=())
    assert shown.status("here") == {"fine": "available"}


async def test_a_bare_list_is_read_too() -> None:
    assert (await ask_for([{"id": "a"}], configured=())).status("here") == {"a": "available"}


async def test_an_ollama_without_models_is_there() -> None:
    async with serving({"/api/tags": {"models": None}, "/api/ps": {"models": []}}) as address:
        shown = await ask(Endpoint("ollama", f"{address}/api/tags", f"{address}/api/ps"))
    assert (shown.models, shown.reasons) == ({"ollama": []}, {"ollama": ""})


async def test_of_too_many_models_the_first_are_shown_and_the_rest_is_told() -> None:
    shown = await ask_for({"data": [{"id": f"m{number}"} for number in range(501)]}, configured=())
    assert len(shown.models["here"]) == 500
    assert shown.reasons["here"] == "it has 501 models: the first 500 are shown"


async def test_an_answer_without_an_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "TIMEOUT_SECONDS", 0.2)

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.02)
        return response

    shown = await asyncio.wait_for(ask_for(drip), 2)
    assert shown.status("here") == {"mine": "unavailable"}
    assert shown.reasons["here"] == "no answer within 0.2 s"


async def test_a_compressed_answer_is_not_unpacked() -> None:
    async def bomb(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    shown = await ask_for(bomb)
    assert shown.models["here"][0].reason == "its list of models is compressed, which was not asked for"


async def test_an_endpoint_that_is_not_there_is_unavailable_with_the_models_it_had() -> None:
    answers: dict[str, Any] = {"/v1/models": MODELS}
    shown = Shown()
    async with open_asking() as client:
        async with serving(answers) as address:
            endpoint = replace(HERE, listing=f"{address}/v1/models")
            asking = Discovery([endpoint], client, shown)
            assert await asking.ask(endpoint)
            assert shown.status("here") == {"gpt-4o": "available", "claude": "available"}
        assert not await asking.ask(endpoint)
    assert shown.status("here") == {"gpt-4o": "unavailable", "claude": "unavailable"}
    assert shown.reasons["here"].startswith("no connection")
    assert "127.0.0.1" not in shown.reasons["here"]


@pytest.mark.parametrize(
    ("address", "reasons"),
    [
        # The default, which nobody has set, on a machine without Ollama: nothing looks broken.
        (LlmSettings().ollama_base_url, [""]),
        ("http://ollama.invalid:11434", ["its name leads to no address", "no answer within 5 s"]),
    ],
)
async def test_a_default_address_that_leads_nowhere_shows_nothing(address: str, reasons: list[str]) -> None:
    settings = LlmSettings(ollama_base_url=address)
    [endpoint] = endpoints_of(settings, Routes(settings))
    shown = await ask(endpoint)
    assert shown.models == {"ollama": []}
    assert shown.reasons["ollama"] in reasons


def test_an_entry_of_the_providers_may_take_the_name_of_ollama() -> None:
    providers = '[{"name": "ollama", "url": "http://mine:4000", "models": ["a"]}]'
    settings = LlmSettings(litellm_providers=providers)
    [endpoint] = endpoints_of(settings, Routes(settings))
    assert endpoint == Endpoint("ollama", "http://mine:4000/v1/models", None, ("a",))


async def test_every_endpoint_is_asked_again_and_a_slow_one_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discovery, "INTERVAL_SECONDS", 0.05)

    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        raise AssertionError

    shown = Shown()
    async with serving({"/v1/models": MODELS, "/slow": never}) as address, open_asking() as client:
        quick = Endpoint("quick", f"{address}/v1/models")
        running = asyncio.create_task(
            Discovery([Endpoint("slow", f"{address}/slow"), quick], client, shown, lambda: 1.0).run()
        )
        await asyncio.sleep(0.5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert set(shown.models) == {"quick"}
    assert 3 <= shown.times <= 11


async def test_the_board_says_once_why_an_endpoint_cannot_be_read_and_once_that_it_can_again() -> None:
    board, items = Board(), list[Item]()

    async def read() -> None:
        async for item in board.observe():
            items.append(item)

    board.found("here", [], "no answer")
    reading = asyncio.create_task(read())
    for reason in ("no answer", "", ""):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        board.found("here", [], reason)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reading.cancel()
    partials = [item for item in items if isinstance(item, Partial)]
    assert partials == [Partial(("models of here",), "no answer"), Partial(("models of here",), "")]

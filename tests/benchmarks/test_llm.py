"""What the benchmark of the LLM proxy asks and reads, as tables; nothing here is measured."""

import asyncio
import json
import subprocess
from pathlib import Path

import psutil
import pytest

from benchmarks.figures import Row
from benchmarks.llm import load, plain, requests
from benchmarks.llm.servers import PATH, Ground
from benchmarks.llm.speaker import FIRST_SECONDS, event
from benchmarks.llm.streams import first_tokens


def test_a_request_goes_over_the_wire_with_its_length_and_the_hosts_name() -> None:
    content = requests.body(stream=True)
    head = requests.head_of("http://127.0.0.1:81/v1/chat/completions", content)
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:81\r\n")
    assert f"\r\ncontent-length: {len(content)}\r\n".encode() in head
    assert head.endswith(b"\r\n\r\n")
    assert json.loads(content)["stream"] is True


def test_what_nginx_answers_has_no_quote_that_would_end_it() -> None:
    assert "'" not in requests.answer()
    assert json.loads(requests.answer())["usage"]["total_tokens"] == 272


def test_an_event_is_one_chunk_of_http() -> None:
    length, _, rest = event("word ").partition(b"\r\n")
    assert len(rest) == int(length, 16) + 2
    assert json.loads(rest.removeprefix(b"data: "))["choices"][0]["delta"]["content"] == "word "


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("connection refused", "wrk said connection refused"),
        ('{"requests":9,"seconds":1.0,"p50_us":1,"p99_us":2,"errors":3}', "3 errors in 9 requests"),
        ('{"requests":0,"seconds":1.0,"p50_us":0,"p99_us":0,"errors":0}', "0 errors in 0 requests"),
    ],
)
def test_a_load_that_was_not_answered_is_no_figure(
    printed: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = subprocess.CompletedProcess([], 0, printed, "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(RuntimeError, match=said):
        load.run("http://127.0.0.1:81", Path("request.lua"), 1, 1)


def test_what_a_proxy_adds_is_the_median_of_the_rounds_differences() -> None:
    assert plain.added_ms([1100.0, 900.0, 5000.0], [100.0, 100.0, 100.0]) == 1.0


def test_a_rate_beside_a_peer_says_how_many_times_its_rate_it_reaches() -> None:
    assert Row("calls", 3000.0, "1/s", peer=60.0, more_is_better=True).ratio == 50.0
    assert Row("calls", 3000.0, "1/s", peer=0.0, more_is_better=True).ratio is None


def test_first_tokens_are_waited_for_through_the_bare_pass_through(tmp_path: Path) -> None:
    ground = Ground(tmp_path, requests.body(stream=True))
    with (
        ground.module("speaker", "upstream") as upstream,
        ground.module("bare", "bare pass-through", upstream.url.removesuffix(PATH)) as bare,
    ):
        for one in (upstream, bare):
            assert min(asyncio.run(first_tokens(one.url, 4))) >= FIRST_SECONDS
            assert one.cpu_seconds() > 0
            assert one.uss_mib() > 1
    assert not psutil.pid_exists(bare.pid)


def test_a_server_that_does_not_start_is_told_with_its_words(tmp_path: Path) -> None:
    ground = Ground(tmp_path, requests.body())
    said = r"no such module does not answer: .*No module named"
    with pytest.raises(RuntimeError, match=said), ground.module("no_such_module", "no such module"):
        pass

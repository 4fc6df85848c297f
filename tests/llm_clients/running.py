"""Running a script of calls both ways, and bringing together all that is known of each call."""

import base64
import http.client
import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from schema.messages import Call
from tests.llm.process import Log
from tests.llm_clients.environments import python_of
from tests.llm_clients.upstream import KEY, Asked, Upstream

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120
_END = "the-end-of-a-run"
_MODEL_CALLS = re.compile(
    r"POST .*/(chat/completions|completions|embeddings|responses|messages|messages/count_tokens|api/chat"
    r"|api/generate|api/embed|images/generations|audio/speech|audio/transcriptions)(\?|$)"
)
"""Of these each HTTP call leaves a record, and of nothing else."""
_LITELLM_DOWNLOADS = (
    "MODEL_COST_MAP", "POLICY_TEMPLATES", "BLOG_POSTS", "AUTOROUTER_PRESETS", "ANTHROPIC_BETA_HEADERS",
)  # fmt: skip
_IN_THE_BACKGROUND = "/api/show"
"""LiteLLM asks for it in a thread of its own, at one time or another."""


class Exchange(NamedTuple):
    """One HTTP request's answer, as a client received it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    seconds: float
    """Between the first and the last bytes of the body."""


class Way(NamedTuple):
    """One call, made one way: what the client got, and what the upstream was asked."""

    result: Any
    exchanges: list[Exchange]
    asked: list[Asked]
    left_at: list[float]


class Told(NamedTuple):
    """One call: made directly, made through the proxy, and the records of the latter."""

    direct: Way
    proxied: Way
    records: list[Call]


@dataclass(frozen=True)
class Site:
    """Where everything stands: the upstream, the proxy in front of it, and the log that the proxy writes."""

    upstream: Upstream
    direct: str
    proxied: str
    litellm_port: int
    log: Log

    def records(self) -> list[Call]:
        """Give the records of all calls since it was asked last, in the order in which the calls began."""
        ends_before = self._ends()
        body = json.dumps({"model": _END, "messages": []}).encode()
        address = self.proxied.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("POST", "/openai/v1/chat/completions", body)
        connection.getresponse().read()
        connection.close()
        self.log.until(lambda: len(self._ends()) > len(ends_before))
        calls = self.log.calls
        *_, before, last = [-1, *self._ends()]
        return sorted(calls[before + 1 : last], key=lambda one: one.started_at)

    def _ends(self) -> list[int]:
        return [number for number, one in enumerate(self.log.calls) if one.model == _END]


def run_script(environment: str, module: str, *arguments: str) -> Any:
    """Run a script of calls in an environment; give what it told."""
    command = [str(python_of(environment)), "-X", "faulthandler", "-m", f"tests.llm_clients.calls.{module}"]
    with subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        env=environment_of_clients(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            out, errors = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # so that it tells where it hangs
            out, errors = process.communicate()
        except BaseException:
            process.kill()
            raise
    assert process.returncode == 0, errors[-4000:]
    return json.loads(out)


def environment_of_clients(**more: str) -> dict[str, str]:
    """Give a process's environment: nothing of ours, no keys, and no look at the Internet."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    local = (
        "MODEL_COST_MAP",
        "POLICY_TEMPLATES",
        "BLOG_POSTS",
        "AUTOROUTER_PRESETS",
        "ANTHROPIC_BETA_HEADERS",
    )
    return {
        **kept,
        **{f"LITELLM_LOCAL_{name}": "True" for name in local},
        "PYTHONDONTWRITEBYTECODE": "",
        **more,
    }


def run_both_ways(site: Site, environment: str, module: str) -> dict[tuple[str, str], Told]:
    """Make a script's calls directly and through the proxy; give them by client and name."""
    site.records()
    direct = _run_one_way(site, environment, module, "direct", site.direct)
    proxied = _run_one_way(site, environment, module, "proxied", site.proxied)
    records = site.records()
    together = {}
    for key, way in proxied.items():
        count = sum(is_model_call(one) for one in way.asked)
        together[key] = Told(direct[key], way, records[:count])
        records = records[count:]
    assert records == [], "there are more records than calls"
    return together


def _run_one_way(
    site: Site, environment: str, module: str, way: str, address: str
) -> dict[tuple[str, str], Way]:
    seen_before = len(site.upstream.asked)
    told = run_script(environment, module, way, address, KEY)
    asked = [one for one in site.upstream.asked[seen_before:] if one.target != _IN_THE_BACKGROUND]
    ways = {}
    for client, calls in told.items():
        for name, one in calls.items():
            exchanges = [
                _exchange(exchange)
                for exchange in one["exchanges"]
                if not exchange["path"].endswith(_IN_THE_BACKGROUND)
            ]
            ways[client, name] = Way(one["result"], exchanges, asked[: len(exchanges)], one["left_at"])
            asked = asked[len(exchanges) :]
    assert asked == [], "the upstream was asked more often than clients had answers"
    return ways


def is_model_call(asked: Asked) -> bool:
    """Say whether a request asks a model for something."""
    return bool(_MODEL_CALLS.match(f"{asked.method} {asked.target}"))


def _exchange(told: dict[str, Any]) -> Exchange:
    headers = [(name, value) for name, value in told["headers"]]
    return Exchange(told["status"], headers, base64.b64decode(told["body"]), told["seconds"])

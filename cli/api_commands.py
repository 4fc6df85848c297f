# ruff: noqa: PLC0415 - what a command needs is imported by it, so that `oracle` starts quickly
"""`oracle state`, `validate`, `issues`: thin clients of the API, for people or, with --json, for machines."""

import json
import os
import sys
from typing import Annotated, Any, NoReturn

import typer

from cli.visible import visible
from schema.errors import SettingError

Url = Annotated[
    str, typer.Option("--url", envvar="ORACLE_URL", help="The API's address; default: this machine's stack.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")]
Environment = Annotated[
    str, typer.Option("--environment", "-e", help="Which environment; default: the API's.")
]

_TIMEOUT_SECONDS = 10.0


def fetch(url: str, path: str, **parameters: str) -> Any:
    """Get JSON from the API, with ORACLE_API_KEY as the bearer when set; exit 2 with a line on failure.

    Without an address it is this machine's stack, as the process's environment and `.env` describe it, and
    its own ORACLE_API_KEYS do as well: they are sent nowhere else.
    """
    import httpx

    from cli.keys import key_of
    from cli.stack.settings import load_stack

    key, local = os.environ.get("ORACLE_API_KEY", ""), not url
    if local:
        try:
            stack = load_stack()
        except SettingError as error:
            _fail(str(error))
        url = stack.dashboard_url
        environment = parameters.get("environment") or stack.settings.oracle_environment
        key = stack.environ.get("ORACLE_API_KEY") or key_of(
            stack.environ.get("ORACLE_API_KEYS", ""), environment
        )
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    given = {name: value for name, value in parameters.items() if value}
    try:
        answer = httpx.get(
            f"{url.rstrip('/')}{path}", params=given, headers=headers, timeout=_TIMEOUT_SECONDS,
            trust_env=not local,
        )  # fmt: skip
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _fail(f"{url} does not answer ({error}): is the stack up? `oracle status`")
    if answer.status_code != 200:
        _fail(f"{path}: {answer.status_code} {_problem(answer.text)}")
    return answer.json()


def _problem(body: str) -> str:
    """Read the detail out of a problem document (RFC 9457); other bodies are shortened."""
    try:
        found = json.loads(body)
        return str(found.get("detail") or found.get("title") or body[:200])
    except (ValueError, AttributeError):
        return body[:200]


def _fail(line: str) -> NoReturn:
    print(f"oracle: {visible(line)}", file=sys.stderr)
    raise typer.Exit(2)


def _print_json(answer: object) -> None:
    print(json.dumps(answer, indent=2, ensure_ascii=False))


def state(
    url: Url = "",
    as_json: AsJson = False,
    at: Annotated[str, typer.Option(help="A moment, as 2026-02-06T14:32:12Z; default: now.")] = "",
    environment: Environment = "",
) -> None:
    """Show the newest snapshot, or the one at a moment."""
    snapshot = fetch(url, "/api/v1/oracle/state", at=at, environment=environment)
    if as_json:
        _print_json(snapshot)
    else:
        from cli.show_state import show_state

        show_state(snapshot)


def validate(url: Url = "", as_json: AsJson = False, environment: Environment = "") -> None:
    """Check the newest snapshot against the schema; exits 1 when it is invalid."""
    verdict = fetch(url, "/api/v1/oracle/validate", environment=environment)
    if as_json:
        _print_json(verdict)
    elif verdict["valid"]:
        print("valid")
    else:
        print(f"invalid: {verdict['error_count']} errors")
        for error in verdict["errors"]:
            print(visible(f"  {error['path']}: {error['message']}"))
    raise typer.Exit(0 if verdict["valid"] else 1)


def issues(url: Url = "", as_json: AsJson = False, environment: Environment = "") -> None:
    """List what is wrong now; exits 1 unless the system is healthy."""
    found = fetch(url, "/api/v1/oracle/issues", environment=environment)
    if as_json:
        _print_json(found)
    else:
        agents, tasks = _many(found["agent_count"], "agent"), _many(found["active_tasks"], "active task")
        print(f"{found['status']}: {agents}, {tasks}")
        for issue in found["issues"]:
            print(f"  {visible(issue)}")
    raise typer.Exit(0 if found["status"] == "healthy" else 1)


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"

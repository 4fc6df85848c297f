# ruff: noqa: PLC0415 - what a command needs is imported by it, so that `oracle` starts quickly
"""The `oracle` command. Its modules are imported by the command that needs them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cli.api_commands import issues, state, validate
from schema.errors import OracleError

app = typer.Typer(
    help="Oracle Monitor: the flight recorder of a multi-agent AI system.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@contextmanager
def _told() -> Iterator[None]:
    """Print an error of ours as its text alone, and exit non-zero."""
    try:
        yield
    except OracleError as error:
        print(f"oracle: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


@app.command()
def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once it is ready; it runs on.")
    ] = False,
    only: Annotated[str, typer.Option(hidden=True, help="Start these parts only, comma-separated.")] = "",
) -> None:
    """Start the whole local stack: Kafka, Postgres, every service, and the demo agents."""
    with _told():
        from rich.console import Console

        from cli.stack.settings import load_stack
        from cli.stack.up import up as bring_up

        names = frozenset(name.strip() for name in only.split(",") if name.strip())
        raise typer.Exit(bring_up(load_stack(), Console(), detach=detach, only=names))


@app.command()
def down(
    delete: Annotated[
        bool, typer.Option("--delete-data", help="Remove its history, broker, database and logs as well.")
    ] = False,
) -> None:
    """Stop the local stack; its data stays."""
    with _told():
        from rich.console import Console

        from cli.stack.down import delete_data, stop_stack
        from cli.stack.settings import load_stack

        stack, console = load_stack(), Console()
        ran = stop_stack(stack, console)
        if delete:
            delete_data(stack)
        told = "stopped" if ran else "nothing was running"
        console.print(f"{told}; the data {'is deleted' if delete else 'stays'}")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show every part of the local stack; exits non-zero unless all are ready."""
    with _told():
        from cli.stack.settings import load_stack
        from cli.stack.status import show
        from cli.stack.status import status as parts

        rows = parts(load_stack())
        if as_json:
            print(json.dumps([row.as_json() for row in rows], indent=2))
        else:
            from rich.console import Console

            show(rows, Console())
        raise typer.Exit(0 if all(row.ready for row in rows) else 1)


app.command()(state)
app.command()(validate)
app.command()(issues)

if __name__ == "__main__":
    app()

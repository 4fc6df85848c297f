"""Structured logs: one JSON object a line for machines, coloured lines on a terminal. Always to stderr."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_KEY = re.compile(r"password|secret|authorization|api_?key|token$", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^@\s/]+@")


def redact(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what must never reach a log: values of secret names, and passwords inside URLs."""
    for key, value in line.items():
        if _SECRET_KEY.search(key):
            line[key] = "[redacted]"
        elif isinstance(value, str):
            line[key] = _URL_PASSWORD.sub(r"\1[redacted]@", value)
    return line


def configure(service: str, level: str = "info") -> None:
    """Set up structlog, and send warnings of libraries the same way."""
    terminal = sys.stderr.isatty()

    def named(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # Not a context variable: the lines of a service's threads carry its name too.
        line["service"] = service
        return line

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if terminal:
        # The plain formatter: the rich one prints the local variables of every frame, secrets among them.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    last: list[structlog.typing.Processor] = [redact, renderer]
    if not terminal:
        last.insert(0, structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # The pool says every second what readiness and our own line say once.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    logging.getLogger("oracle").setLevel(level.upper())


def logger() -> structlog.stdlib.BoundLogger:
    """Give the logger of Oracle Monitor's own services."""
    return structlog.stdlib.get_logger("oracle")

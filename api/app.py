"""The API as one Litestar application: routes, the guard before them, problem answers, metrics."""

import time
from typing import Any

from litestar import Litestar, Response, Router
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Message

from api import asked, problems
from api.access import guard
from api.keys import Keyring
from api.live import Live
from api.otlp_intake import OtlpIntake
from api.routes import dashboard, live, oracle, otlp, service
from api.settings import ApiSettings
from runtime.health import Health
from runtime.metrics import REQUEST_SECONDS, REQUESTS
from runtime.store.protocol import Store
from schema.errors import StoreError

VERSION = "0.1.0"
MAX_BODY_BYTES = 1024 * 1024
_HARDENED = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class Api(Litestar):
    """The application, which counts and times each request from outside, errors of the router included."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # what Litestar's own takes
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        started = time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Up to the answer's first byte, so that a stream of an hour is no slow request.
                route = scope.get("path_template") or "none"
                REQUEST_SECONDS.labels(route).observe(time.perf_counter() - started)
                REQUESTS.labels(scope["method"], route, message["status"]).inc()
                headers = [*message.get("headers", []), *_HARDENED]
                if not any(name.lower() == _NO_PAGE[0] for name, _ in headers):
                    headers.append(_NO_PAGE)
                message["headers"] = headers
            await send(message)

        await super().__call__(scope, receive, measured)


def create_app(
    settings: ApiSettings,
    store: Store,
    live_side: Live,
    health: Health | None = None,
    intake: OtlpIntake | None = None,
) -> Api:
    """Build the application. Raises SettingError when ORACLE_API_KEYS is wrong."""
    answers, taken_in = health or Health("store", "broker"), intake or OtlpIntake()
    return Api.from_config(
        AppConfig(
            route_handlers=[*oracle.ROUTES, *live.ROUTES, *otlp.ROUTES, *service.ROUTES, *dashboard.ROUTES],
            guards=[guard],
            dependencies={
                "store": Provide(lambda: store, sync_to_thread=False),
                "live": Provide(lambda: live_side, sync_to_thread=False),
                "health": Provide(lambda: answers, sync_to_thread=False),
                "intake": Provide(lambda: taken_in, sync_to_thread=False),
                "chosen": Provide(asked.provide_chosen, sync_to_thread=False),
                "snapshot": Provide(asked.provide_snapshot, sync_to_thread=True),
            },
            exception_handlers={
                HTTPException: problems.on_http_error,
                StoreError: problems.on_store_error,
                Exception: problems.on_any_error,
            },
            signature_types=[Store, Live, Health, OtlpIntake],
            state=State({"settings": settings, "keyring": Keyring(settings.oracle_api_keys)}),
            openapi_config=_openapi(),
            logging_config=None,
            request_max_body_size=MAX_BODY_BYTES,
        )
    )


def _problem_instead_of_page(response: Response[Any]) -> Response[Any]:
    """The framework answers an unknown address below /schema with a page of its own."""
    return (
        problems.answer(404, "There is nothing at this address.") if response.status_code == 404 else response
    )


def _openapi() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", description="One of ORACLE_API_KEYS")
    security: list[dict[str, list[Any]]] = [{"key": []}]
    return OpenAPIConfig(
        title="Oracle Monitor",
        version=VERSION,
        description="The flight recorder of a multi-agent AI system.",
        openapi_router=Router(
            "/schema", route_handlers=[], include_in_schema=False, after_request=_problem_instead_of_page
        ),
        # Only the document: a page that shows it would load its script from somewhere else.
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        components=Components(security_schemes={"key": bearer}),
        security=security,
    )

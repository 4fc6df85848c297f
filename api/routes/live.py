"""`/api/v1/live`: one full state, then patches, as server-sent events."""

from functools import partial
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter, SkipValidation
from litestar.types import ASGIApp

from api.asked import Chosen
from api.live import Live
from api.live_clients import LiveAnswer

Events = Annotated[
    bool, QueryParameter(name="events", description="Whether patches carry events and calls too.")
]


@get(
    "/api/v1/live",
    responses={
        200: ResponseSpec(
            str,
            description="Events state, patch, tick and status.",
            media_type="text/event-stream",
            generate_examples=False,
        )
    },
)
async def live(live: NamedDependency[SkipValidation[Live]], chosen: Chosen, events: Events = True) -> ASGIApp:
    """Stream the live state: `state` (whole), then `patch`, `tick` and `status` as they come."""
    client = live.join(chosen, activity=events)
    return LiveAnswer(client, partial(live.leave, chosen))


ROUTES = [live]

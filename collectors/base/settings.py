"""What every collector can be told; each adds its own by subclassing."""

from typing import Annotated

from msgspec import Meta

from runtime.settings import BaseSettings


class CollectorSettings(BaseSettings, frozen=True, kw_only=True):
    """How often a source is observed, and how often everything is told again, in seconds."""

    observe_interval_seconds: Annotated[float, Meta(ge=0.1, le=300)] = 2.0
    observe_refresh_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 600.0

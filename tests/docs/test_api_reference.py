"""docs/API_REFERENCE.md names every route of the API, and no other."""

import re
from pathlib import Path

from api.routes import live, oracle, otlp, service

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "API_REFERENCE.md").read_text(encoding="utf-8")
ROUTES = [*oracle.ROUTES, *live.ROUTES, *otlp.ROUTES, *service.ROUTES]


def test_every_route_has_its_heading_and_no_heading_is_without_a_route() -> None:
    headings = re.findall(r"^#+ (?=.*`(?:GET |POST )?/)(.+)$", PAGE, re.MULTILINE)
    named = {path for heading in headings for path in re.findall(r"`(?:GET |POST )?(/[^`?…]*)", heading)}
    served = {path for route in ROUTES for path in route.paths}
    assert named - {"/"} == served

"""The dashboard's built files (DASHBOARD_DIR) at `/`, and 404 for every address that nothing else has."""

import asyncio
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.exceptions import MethodNotAllowedException
from litestar.params import FromPath

from api.access import PUBLIC
from api.problems import Problem
from api.settings import ApiSettings

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Also the list of what is served: anything else in the folder is none of a browser's business."""
API_PREFIXES = ("api/", "v1/", "schema/", "mcp/", "ws/")
NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Oracle Monitor</title>
<h1>The dashboard is not built yet</h1>
<p>The API works. To build the dashboard, run this in the project's folder, then load this page again:</p>
<pre>npm --prefix frontend ci &amp;&amp; npm --prefix frontend run build</pre>
<p>Or set DASHBOARD_DIR to a folder that holds its index.html.</p></html>
"""


def policy(settings: ApiSettings) -> str:
    """Give the Content-Security-Policy of the dashboard: its own files, this API, and Supabase if used."""
    supabase = settings.supabase_url.rstrip("/")
    connect = f"'self' {supabase} {supabase.replace('http', 'ws', 1)}" if supabase else "'self'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src {connect}; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


@route(
    ["/", "/{file:path}"],
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    opt=PUBLIC,
    include_in_schema=False,
)
async def dashboard(request: Request[Any, Any, Any], file: FromPath[Path] = Path("/")) -> Response[bytes]:
    """Give one of the dashboard's files; `/` is its index.html."""
    return await asyncio.to_thread(_answer, request, file)


def _answer(request: Request[Any, Any, Any], file: Path) -> Response[bytes]:
    settings: ApiSettings = request.app.state.settings
    name = str(file).lstrip("/") or "index.html"
    if f"{name}/".startswith(API_PREFIXES):
        raise Problem(HTTPStatus.NOT_FOUND, "There is nothing at this address; /schema lists what there is.")
    headers = {"content-security-policy": policy(settings)}
    found = _found(Path(settings.dashboard_dir), name)
    if found is None:
        if name == "index.html":
            headers |= {"cache-control": "no-store", "content-type": CONTENT_TYPES[".html"]}
            return Response(NOT_BUILT, status_code=503, headers=headers)
        raise Problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
    body = found.read_bytes()
    # Vite puts a hash of the content into the names below assets/: such a file never changes.
    hashed = name.startswith("assets/")
    headers |= {
        "etag": f'"{sha256(body).hexdigest()[:32]}"',
        "cache-control": "public, max-age=31536000, immutable" if hashed else "no-cache",
        "content-type": CONTENT_TYPES[found.suffix],
    }
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, headers=headers)


@route(
    ["/", "/{file:path}"],
    http_method=[HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE],
    opt=PUBLIC,
    include_in_schema=False,
)
async def nothing(request: Request[Any, Any, Any], file: FromPath[Path] = Path("/")) -> None:
    """Refuse to write where only files are."""
    if f"{str(file).lstrip('/')}/".startswith(API_PREFIXES):
        raise Problem(HTTPStatus.NOT_FOUND, "There is nothing at this address; /schema lists what there is.")
    raise MethodNotAllowedException(headers={"allow": "GET, HEAD"})


ROUTES = [dashboard, nothing]


def _found(directory: Path, name: str) -> Path | None:
    """Give a file inside the folder, or None: also for a name that leads out of it."""
    root = directory.resolve()
    try:
        path = (root / name).resolve()
        known = path.suffix in CONTENT_TYPES and path.is_relative_to(root) and path.is_file()
    except (OSError, ValueError):
        return None
    return path if known else None

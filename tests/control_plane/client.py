"""A small client of the API server for tests: JSON in, JSON out, by path; nothing of the product is in it."""

import ssl
from typing import Any

import httpx

from cli.stack.errors import StackError

Json = dict[str, Any]
"""An object of the Kubernetes API; https://kubernetes.io/docs/reference/kubernetes-api/ tells its fields."""

_PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
_TIMEOUT_SECONDS = 15.0


class ApiRefused(StackError):  # noqa: N818 - named for what the server did
    """The API server answered with an error: `status` is the HTTP status, `reason` its machine word."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


class ApiClient:
    """One user's requests; paths begin with `/api` or `/apis`. A request that hangs ends after 15 seconds.

    Every method raises ApiRefused for an answer of 400 and above, httpx.TransportError without an answer.
    """

    def __init__(self, url: str, ca_path: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            verify=ssl.create_default_context(cafile=ca_path),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,  # loopback is asked directly, whatever the environment says of proxies
        )

    def get(self, path: str, **query: str) -> Json:
        """Read an object, or a list of them."""
        return self._ask("GET", path, query)

    def create(self, path: str, body: Json) -> Json:
        """Create an object in the collection at a path."""
        return self._ask("POST", path, {}, body)

    def ensure(self, path: str, body: Json) -> None:
        """Create an object unless one of its name is there."""
        try:
            self.create(path, body)
        except ApiRefused as refused:
            if refused.reason != "AlreadyExists":
                raise

    def replace(self, path: str, body: Json) -> Json:
        """Write an object whole."""
        return self._ask("PUT", path, {}, body)

    def patch(self, path: str, body: Json | list[Json], kind: str = "merge") -> Json:
        """Change an object; `kind` is merge, strategic (lists joined by key) or json (a list of steps)."""
        return self._ask("PATCH", path, {}, body, _PATCH_TYPES[kind])

    def delete(self, path: str, **query: str) -> Json:
        """Delete an object or a collection; `gracePeriodSeconds="0"` takes a pod without its node's word."""
        return self._ask("DELETE", path, query)

    def close(self) -> None:
        """Close its connections; it opens new ones when it is used again."""
        self._http.close()

    def _ask(
        self, method: str, path: str, query: dict[str, str],
        body: Json | list[Json] | None = None, content_type: str = "application/json",
    ) -> Json:  # fmt: skip
        answer = self._http.request(
            method, path, params=query, json=body, headers={"Content-Type": content_type} if body else {}
        )
        if answer.is_error:
            told = _status_of(answer)
            raise ApiRefused(
                answer.status_code, told.get("reason", ""), told.get("message", answer.text[:500])
            )
        told = answer.json()
        return told if isinstance(told, dict) else {}


def _status_of(answer: httpx.Response) -> Json:
    """Read the Status object of an error; an answer of something before the API server has none."""
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}

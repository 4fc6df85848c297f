"""The API server, through the official client's configuration, authentication and transport.

The client's models are not used: answers stay bytes. Every failure is SourceUnavailable (it does not answer,
or does not know us), or SourceRefused (it refuses this request); neither text holds a credential. The
configuration is read anew by each `connect`, so a renewed token or certificate needs no restart.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import kubernetes.client
import kubernetes.config
import msgspec
import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, LocationValueError

from collectors.k8s_collector.clock import ServerClock
from collectors.k8s_collector.settings import K8sSettings
from collectors.k8s_collector.stream import Stream
from collectors.k8s_collector.watch_events import UNREADABLE
from schema.errors import SourceRefused, SourceUnavailable

NO_CLUSTER = (
    "no cluster is configured: run inside one, or set KUBECONFIG; "
    "ORACLE_DISCOVERY_MODE=telemetry does without"
)
CONNECT_SECONDS = 5.0
HEADERS_SECONDS = 15.0
SILENT_SECONDS = 100.0
"""A watch gets a bookmark about every minute; one that is silent for longer is dead."""
MAX_ANSWER_BYTES = 256 * 2**20
_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_CONNECTIONS = 256

Query = Mapping[str, str]


class NoCluster(SourceUnavailable):
    """Neither a cluster around us nor a kubeconfig."""

    def __init__(self) -> None:
        super().__init__(NO_CLUSTER)


class _Told(msgspec.Struct):
    """What a Status object says (metav1.Status)."""

    message: str = ""


class ApiServer:
    """One API server, as one user."""

    def __init__(self, configuration: Any, clock: ServerClock) -> None:
        configuration.connection_pool_maxsize = _CONNECTIONS
        configuration.retries = False
        self._clock = clock
        self._api = kubernetes.client.ApiClient(configuration)
        self._host = str(configuration.host).rstrip("/")
        self._name = shown_address(self._host)

    def get(self, path: str, query: Query | None = None, seconds: float = 30.0) -> bytes:
        """Give the body of an answer. Raises SourceUnavailable, SourceRefused."""
        response = self._open(path, query or {}, seconds)
        try:
            body: bytes = response.read(MAX_ANSWER_BYTES + 1, decode_content=True)
        except (HTTPError, OSError) as error:
            raise SourceUnavailable(f"the answer to {path} broke off: {_short(error)}") from None
        finally:
            response.release_conn()
        if len(body) > MAX_ANSWER_BYTES:
            raise SourceRefused(0, f"the answer to {path} is larger than {MAX_ANSWER_BYTES >> 20} MiB")
        return body

    def watch(self, path: str, query: Query) -> Stream:
        """Open a watch. Raises SourceUnavailable, SourceRefused."""
        response = self._open(path, query, HEADERS_SECONDS)
        sock = getattr(response.connection, "sock", None)
        if sock is not None:
            sock.settimeout(SILENT_SECONDS)
        return Stream(response)

    def close(self) -> None:
        """Close the connections: what is idle now, and what is in use when its answer has been read.

        Forgetting the pools alone leaves them open for as long as anything remembers an answer.
        """
        pools = self._api.rest_client.pool_manager.pools
        for key in list(pools.keys()):
            pools[key].close()
        pools.clear()

    def _open(self, path: str, query: Query, seconds: float) -> urllib3.HTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": "oracle-monitor-k8s-collector"}
        url = f"{self._host}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            self._api.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
            # A token file ends with a newline as often as not.
            headers = {name: value.strip() for name, value in headers.items()}
            answer = self._api.call_api("GET", url, headers, _request_timeout=(CONNECT_SECONDS, seconds))
        except kubernetes.client.ApiException as error:
            raise SourceUnavailable(f"{self._name}: {_short(error.reason)}") from None
        except (LocationValueError, LocationParseError):
            # These texts, and those of ValueError, may hold the credential itself.
            raise SourceUnavailable(f"{self._name} is no address that can be asked") from None
        except (HTTPError, OSError, kubernetes.config.ConfigException) as error:
            raise SourceUnavailable(f"{self._name} does not answer: {_short(error)}") from None
        except ValueError:
            raise SourceUnavailable(
                f"{self._name}: our credentials hold a character that no request may carry"
            ) from None
        response: urllib3.HTTPResponse = answer.response
        if not _passed_on(path):
            self._clock.learn(_date_of(response))
        if response.status == 200:
            return response
        raise self._refusal(response)

    def _refusal(self, response: urllib3.HTTPResponse) -> SourceUnavailable:
        try:
            body = response.read(65_536)
        except (HTTPError, OSError):
            body = b""
        finally:
            response.release_conn()
        try:
            message = msgspec.json.decode(body, type=_Told).message
        except UNREADABLE:
            message = ""
        detail = _short(f"{response.reason or ''}: {message}" if message else response.reason or "")
        if response.status == 401:
            return SourceUnavailable(f"{self._name} does not accept our credentials: 401 {detail}")
        return SourceRefused(response.status, detail)


def connect(settings: K8sSettings, clock: ServerClock) -> ApiServer:
    """Read the configuration, and give the API server. Raises NoCluster, SourceUnavailable."""
    configuration = kubernetes.client.Configuration()
    if not has_cluster(settings):
        raise NoCluster
    if settings.kubeconfig and not _files(settings.kubeconfig):
        raise SourceUnavailable(f"KUBECONFIG names no file that is there: {settings.kubeconfig[:300]}")
    try:
        if settings.kubeconfig or not _inside():
            kubernetes.config.load_kube_config(
                config_file=settings.kubeconfig or None,
                context=settings.k8s_context or None,
                client_configuration=configuration,
            )
        else:
            kubernetes.config.load_incluster_config(client_configuration=configuration)
        return ApiServer(configuration, clock)
    except Exception as error:  # noqa: BLE001 - whatever a plugin or a damaged file raises is no cluster
        raise SourceUnavailable(f"the cluster's configuration cannot be read: {_short(error)}") from None


def has_cluster(settings: K8sSettings) -> bool:
    """Say whether a cluster is configured, reachable or not."""
    if settings.kubeconfig:
        # A path that leads nowhere is a cluster that cannot be reached, and no reason for made-up workloads.
        return settings.kubeconfig != os.devnull
    return _inside() or Path("~/.kube/config").expanduser().is_file()


def own_place(settings: K8sSettings) -> tuple[str, str]:
    """Give the name of the cluster and the namespace that are configured, as far as that can be told."""
    if settings.kubeconfig or not _inside():
        try:
            contexts, active = kubernetes.config.list_kube_config_contexts(settings.kubeconfig or None)
            named = [one for one in contexts if one["name"] == settings.k8s_context]
            context = (named[0] if named else active)["context"]
            return str(context.get("cluster") or ""), str(context.get("namespace") or "")
        except Exception:  # noqa: BLE001 - `connect` tells what is wrong with the file, at every pass
            return "unknown", ""
    try:
        return "in-cluster", _OWN_NAMESPACE.read_text(encoding="utf-8").strip()
    except OSError:
        return "in-cluster", ""


def _files(kubeconfig: str) -> list[str]:
    return [one for one in kubeconfig.split(os.pathsep) if one and Path(one).expanduser().is_file()]


def _inside() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def _passed_on(path: str) -> bool:
    """Say whether the API server passes a request on: then the answer's date is another server's."""
    return "/proxy/" in path or path.startswith("/apis/metrics.k8s.io/")


def _date_of(response: urllib3.HTTPResponse) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def shown_address(url: str) -> str:
    """Give a URL's scheme, host and port: a user and password may stand in it, too."""
    scheme, _, rest = url.rpartition("://")
    return f"{scheme or 'https'}://{rest.rpartition('@')[2].partition('/')[0]}"


def _short(error: object) -> str:
    """Give an error's text on one line: urllib3 names the pool and the object in it, which nobody needs."""
    reason = getattr(error, "reason", None)
    text = str(reason if isinstance(reason, Exception) else error)
    text = text.rpartition(">: ")[2] if ">: " in text else text
    return " ".join(text.split())[:500]

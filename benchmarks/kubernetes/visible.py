"""A change in the API server → seen by a client of `/api/v1/live`, beside a plain watch that sees it too.

One pod's status is patched at random moments on an otherwise quiet cluster. Both times count from before the
patch is sent; each change carries a word of its own, which both look for in the bytes that come.
"""

import http.client
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from benchmarks.figures import Row, Section, percentile, percentile_rows
from benchmarks.kubernetes.changes import patch
from benchmarks.kubernetes.fleet import pod_names
from benchmarks.kubernetes.motion import wait_for_pods
from benchmarks.kubernetes.record import PODS, answered, version_of, watch
from cli.stack.settings import Stack
from tests.control_plane.cluster import Cluster

PER_SECOND = 6.0
WARM_UP = 10
PATIENCE_SECONDS = 20.0
QUIET_SECONDS = 10.0
_WORD = re.compile(rb"bench-change-(\d{6})")
_CHUNK_BYTES = 1 << 20


class Sightings(threading.Thread):
    """Reads a response as it comes; `seen` is a change's number → time.monotonic() of its first sight."""

    def __init__(self, name: str, response: http.client.HTTPResponse) -> None:
        super().__init__(name=name, daemon=True)
        self.seen: dict[int, float] = {}
        self._response = response

    def run(self) -> None:
        """Read until the response ends, or is closed under us."""
        rest = b""
        try:
            while data := self._response.read1(_CHUNK_BYTES):
                arrived = time.monotonic()
                rest = (rest + data)[-len(data) - 32 :]  # a word may lie across two reads
                for word in _WORD.findall(rest):
                    self.seen.setdefault(int(word), arrived)
                rest = rest[-32:]
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            return  # it was closed: what was not seen by then counts as not seen


def measure(stack: Stack, cluster: Cluster, pods: int, count: int, say: Callable[[str], None]) -> Section:
    """Change pods one after another, and compare when both saw each."""
    wait_for_pods(stack, pods, say)
    say(f"kubernetes: letting {pods:,} pods settle")
    time.sleep(QUIET_SECONDS)
    with (
        watch(cluster, PODS, {"resourceVersion": version_of(cluster)}) as plain,
        answered(_api(stack), "/api/v1/live", {}) as live,
    ):
        watchers = [Sightings("plain-watch", plain), Sightings("live", live)]
        for one in watchers:
            one.start()
        time.sleep(1.0)
        sent = _change(cluster, pods, count, say)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(len(one.seen) < len(sent) for one in watchers) and time.monotonic() < deadline:
            time.sleep(0.05)
    least, seen = (one.seen for one in watchers)
    return section(pods, sent, seen, least)


def section(
    pods: int, sent: Mapping[int, float], seen: Mapping[int, float], least: Mapping[int, float]
) -> Section:
    """Give both times, and what lies between them, over the changes that both saw."""
    both = [one for one in sent if one in seen and one in least]
    if not both:
        raise RuntimeError(f"of {len(sent)} changes the live stream saw {len(seen)}, the watch {len(least)}")
    ours = [1000 * (seen[one] - sent[one]) for one in both]
    floor = [1000 * (least[one] - sent[one]) for one in both]
    after = [mine - theirs for mine, theirs in zip(ours, floor, strict=True)]
    rows = [
        *percentile_rows("change sent → seen by the client", ours, floor),
        *(
            Row(f"  … after the plain watch saw it, {label}", percentile(after, percent), "ms")
            for label, percent in (("p50", 50.0), ("p99", 99.0))
        ),
    ]
    notes = (
        f"{len(both)} of {len(sent)} patches of a pod's status at random moments, at most "
        f"{PER_SECOND:.0f} a second, {pods:,} pods; both times count from before the patch is sent",
    )
    title = "Kubernetes: change in the API server → client of /api/v1/live"
    return Section("kubernetes_visible", title, FLOOR, rows, notes)


FLOOR = "a plain watch of the API server, whose bytes are searched and not decoded"


def _api(stack: Stack) -> http.client.HTTPConnection:
    address = urlsplit(stack.dashboard_url)
    return http.client.HTTPConnection(str(address.hostname), address.port, timeout=PATIENCE_SECONDS)


def _change(cluster: Cluster, pods: int, count: int, say: Callable[[str], None]) -> dict[int, float]:
    """Patch pods at random moments; give when each patch was sent, but those of the warm-up."""
    chance, names, sent = random.Random(1), pod_names(pods), {}
    for number in range(count + WARM_UP):
        name = chance.choice(names)
        told = {"message": f"bench-change-{number:06}"}
        request = patch(name, told)
        sent[number] = time.monotonic()
        cluster.admin.patch(request.path, request.body, "strategic")
        time.sleep(chance.uniform(0.2, 1.8) / PER_SECOND)
        if number % 50 == 0:
            say(f"kubernetes: {number} of {count + WARM_UP} changes")
    return {number: at for number, at in sent.items() if number >= WARM_UP}

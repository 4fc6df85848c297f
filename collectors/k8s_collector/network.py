"""Network rates of pods, from the counters that kubelets keep; pure but for the counters remembered.

Each kubelet's summary (`/stats/summary`, through the API server's node proxy) has bytes received and sent
since a pod's start, with the time of the reading: two readings make a rate. Rates are rounded to 1 KiB/s, so
that noise is no change. The permission for it (`nodes/proxy`) is a strong one, and need not be given.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from collectors.k8s_collector.watch_events import UNREADABLE
from collectors.k8s_collector.workloads import Name
from schema.errors import SourceUnavailable

PART = "network (kubelet summary)"
STEP_BYTES = 1024
MAX_RATE = 1e15
MAX_COUNTER = 2**64


class _PodReference(msgspec.Struct):
    name: str
    namespace: str
    uid: str = ""


class _Network(msgspec.Struct, rename={"rx_bytes": "rxBytes", "tx_bytes": "txBytes"}):
    time: datetime
    rx_bytes: int | None = None
    tx_bytes: int | None = None


class _PodStats(msgspec.Struct, rename={"reference": "podRef"}):
    reference: _PodReference
    network: _Network | None = None


class _Summary(msgspec.Struct):
    pods: list[_PodStats] | None = None


_SUMMARY = msgspec.json.Decoder(_Summary)


class Reading(msgspec.Struct, frozen=True):
    """A pod's counters at a time; the UID, for a pod made anew under its name counts from zero."""

    uid: str
    at: datetime
    rx_bytes: int
    tx_bytes: int


Rates = dict[str, int | float]


def path(node: str) -> str:
    """Give the path of a node's summary."""
    return f"/api/v1/nodes/{node}/proxy/stats/summary"


def readings_of(body: bytes) -> dict[Name, Reading]:
    """Give the counters of a node's pods. Raises SourceUnavailable."""
    try:
        pods = _SUMMARY.decode(body).pods or []
    except UNREADABLE as error:
        raise SourceUnavailable(f"the summary cannot be read: {error}") from None
    return {
        (one.reference.namespace, one.reference.name): Reading(
            one.reference.uid, one.network.time, one.network.rx_bytes, one.network.tx_bytes
        )
        for one in pods
        if one.network is not None
        and one.network.rx_bytes is not None
        and one.network.tx_bytes is not None
        and max(one.network.rx_bytes, one.network.tx_bytes) <= MAX_COUNTER
        and one.network.time.tzinfo is not None
    }


class Counters:
    """The last reading of every pod, and the rates between the last two."""

    def __init__(self) -> None:
        self._last: dict[Name, Reading] = {}
        self._rates: dict[Name, Rates] = {}

    def rates(self, readings: Mapping[Name, Reading]) -> dict[Name, Rates]:
        """Take in what the nodes told now; give the rates of those pods, in bytes/s."""
        rates: dict[Name, Rates] = {}
        for name, reading in readings.items():
            last = self._last.get(name)
            # A kubelet that has not read its counters anew tells nothing new.
            repeated = last is not None and (last.uid, last.at) == (reading.uid, reading.at)
            told = self._rates.get(name) if repeated else _between(last, reading) if last else None
            if told is not None:
                rates[name] = told
        self._last, self._rates = dict(readings), rates
        return rates


def _between(first: Reading, second: Reading) -> Rates | None:
    seconds = (second.at - first.at).total_seconds()
    received, sent = second.rx_bytes - first.rx_bytes, second.tx_bytes - first.tx_bytes
    if first.uid != second.uid or seconds <= 0 or received < 0 or sent < 0:
        return None
    return {
        "network_rx_bytes_per_second": _rounded(received / seconds),
        "network_tx_bytes_per_second": _rounded(sent / seconds),
    }


def _rounded(rate: float) -> int:
    return round(min(MAX_RATE, rate) / STEP_BYTES) * STEP_BYTES

"""docs/METRICS.md describes exactly the metrics of `runtime/metrics.py`: names, types and labels."""

import re
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

from runtime import metrics

DOC = (Path(__file__).resolve().parents[2] / "docs" / "METRICS.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(oracle_\w+)` \| (\w+) \|([^|]*)\| (\S[^|]*) \|$", re.MULTILINE)
Described = dict[str, tuple[str, tuple[str, ...]]]


def of_the_code() -> Described:
    found: Described = {}
    for one in vars(metrics).values():
        if isinstance(one, Counter | Gauge | Histogram):
            # The library keeps a counter's name without its suffix.
            name = one._name + ("_total" if isinstance(one, Counter) else "")
            found[name] = (one._type, tuple(one._labelnames))
    return found


def of_the_page() -> Described:
    return {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _meaning in ROW.findall(DOC)
    }


def test_every_metric_is_described_with_its_type_and_labels() -> None:
    assert of_the_page() == of_the_code()


def test_no_metric_is_described_twice() -> None:
    names = [name for name, *_ in ROW.findall(DOC)]
    assert len(names) == len(set(names))


def test_names_follow_prometheus() -> None:
    for name, (kind, _) in of_the_code().items():
        assert name.startswith("oracle_")
        assert name.endswith("_total") == (kind == "counter"), name
        assert kind != "histogram" or name.endswith("_seconds"), name

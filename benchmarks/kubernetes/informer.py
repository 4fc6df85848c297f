"""The peer as a measured process: `python -m benchmarks.kubernetes.informer KUBECONFIG NAMESPACE`.

The official Python client's `SharedInformer` on pods: it lists, watches from the list's version, keeps the
client's models in a dictionary, and calls handlers.
"""

import functools
import sys
import threading
from typing import Any

import kubernetes.client
import kubernetes.config
import kubernetes.informer

from benchmarks.kubernetes.fleet import EMPTY
from benchmarks.kubernetes.readings import Measured, measured
from collectors.k8s_collector.settings import ALL_NAMESPACES

_LIBRARY: Any = kubernetes
"""Its functions have no types."""


def main() -> None:
    """Follow pods until the parent ends us."""
    kubeconfig, namespace = sys.argv[1:]
    _LIBRARY.config.load_kube_config(config_file=kubeconfig)
    api = _LIBRARY.client.CoreV1Api()
    api.list_namespaced_pod(EMPTY)  # what the library imports when it is first used is not counted

    def work(state: Measured) -> None:
        everywhere = namespace == ALL_NAMESPACES
        list_pods = api.list_pod_for_all_namespaces if everywhere else api.list_namespaced_pod

        @functools.wraps(list_pods)
        def noting(*args: Any, **kwargs: Any) -> Any:
            if kwargs.get("watch"):  # The list is kept, and every handler was called.
                state.synced()
            return list_pods(*args, **kwargs)

        def count(_: Any) -> None:
            state.done += 1

        informer = _LIBRARY.informer.SharedInformer(
            noting, namespace=None if everywhere else namespace, key_func=lambda pod: pod.metadata.uid
        )
        for kind in ("ADDED", "MODIFIED", "DELETED"):
            informer.add_event_handler(kind, count)
        informer.start()
        threading.Event().wait()

    measured(work)


if __name__ == "__main__":
    main()

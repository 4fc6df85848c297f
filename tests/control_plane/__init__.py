"""A real Kubernetes control plane for tests and benchmarks, built from pinned sources, on loopback."""

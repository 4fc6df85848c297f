"""Tests on a real Kubernetes control plane; `make test-real` builds it first and runs them."""

"""Observes a Kubernetes cluster: workloads, pods, agents, warning events, nodes, use of resources."""

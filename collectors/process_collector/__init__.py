"""Observes agents that run as plain processes: a process group is a workload, a process a pod (SPEC §2)."""

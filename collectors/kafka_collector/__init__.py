"""Observes a Kafka or Redpanda cluster: its groups with their lag, and its topics (SPEC §2)."""

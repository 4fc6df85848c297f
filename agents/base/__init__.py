"""What every agent stands on: tasks over Kafka, telemetry, heartbeats, retries, tools and a graceful stop."""

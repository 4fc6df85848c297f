"""What every service runs on: settings, Kafka, the store, logs, metrics, health and the service frame."""

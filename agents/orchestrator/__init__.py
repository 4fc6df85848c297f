"""The orchestrator: hands tasks out over Kafka, and collects what comes back."""

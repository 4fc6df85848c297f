"""Real Kafkas beyond the suite's one: three brokers, a secured one, Kafka's own tool, a scripted workload."""

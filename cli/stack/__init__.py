"""The local stack behind `oracle up`: real Kafka, real Postgres, and every service as its own process."""

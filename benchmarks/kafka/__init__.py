"""The Kafka collector on ten thousand groups of a real broker, beside single admin calls and Kafka's tool."""

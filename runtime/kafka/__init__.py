"""Kafka as every service uses it (DESIGN §3): topics, the partition of an environment, producer, consumer.

Only this package and the Kafka collector's client import the Kafka library; what others need of it is here.
"""

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from runtime.kafka.clients import Headers, client_config, headers_of, open_consumer
from runtime.kafka.producer import Producer
from runtime.kafka.topics import Topics, ensure_own_topics, ensure_topics, partition_of

__all__ = [
    "OFFSET_BEGINNING",
    "OFFSET_END",
    "TIMESTAMP_LOG_APPEND_TIME",
    "Consumer",
    "Headers",
    "KafkaError",
    "KafkaException",
    "Message",
    "Producer",
    "TopicPartition",
    "Topics",
    "client_config",
    "ensure_own_topics",
    "ensure_topics",
    "headers_of",
    "open_consumer",
    "partition_of",
]

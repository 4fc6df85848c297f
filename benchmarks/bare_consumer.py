"""The floor under the aggregator's CPU: a consumer that decodes every record of a topic and keeps nothing.

`python -m benchmarks.bare_consumer BOOTSTRAP TOPIC` reads from the topic's end, prints `ready` once it does,
and, told to end by SIGTERM, the number of records that it decoded.
"""

import signal
import sys
import threading

import msgspec
from confluent_kafka import Consumer, TopicPartition

from benchmarks.round_trip import client_of
from schema.messages import LogRecord

POLL_SECONDS = 0.5


def main() -> int:
    """Read until SIGTERM."""
    bootstrap_servers, topic = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    decoder = msgspec.json.Decoder(LogRecord)
    consumer = Consumer({**client_of(bootstrap_servers), "group.id": "oracle-bench-bare"})
    count = 0
    try:
        partitions = sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        ends = [
            consumer.get_watermark_offsets(TopicPartition(topic, one), timeout=10)[1] for one in partitions
        ]
        consumer.assign([TopicPartition(topic, *place) for place in zip(partitions, ends, strict=True)])
        print("ready", flush=True)
        while not stop.is_set():
            message = consumer.poll(POLL_SECONDS)
            if message is None or message.error() is not None:
                continue
            decoder.decode(message.value() or b"")
            count += 1
    finally:
        consumer.close()
    print(count, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What was rejected and why: every message of `oracle.rejected`, oldest first within a partition.

    .venv/bin/python docs/examples/read_rejected.py [BOOTSTRAP_SERVERS]

Joins no consumer group and commits nothing. Start it outside `oracle up` with the broker's address; the local
stack's is the default.
"""

import base64
import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

TOPIC = "oracle.rejected"
HEAD_BYTES = 200


def main() -> None:
    """Print each rejected message: when, by whom, reason, origin, detail, and how it begins."""
    servers = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:19092"
    reader = Consumer({"bootstrap.servers": servers, "group.id": "oracle-look", "enable.partition.eof": True})
    partitions = reader.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    reader.assign([TopicPartition(TOPIC, number, OFFSET_BEGINNING) for number in partitions])
    ended = 0
    while ended < len(partitions):
        message = reader.poll(10)
        if message is None:
            sys.exit("the broker does not answer")
        if error := message.error():
            if error.code() != KafkaError._PARTITION_EOF:
                sys.exit(error.str())
            ended += 1
            continue
        told = json.loads(message.value() or b"{}")
        origin = f"{told['topic']}[{told['partition']}]@{told['offset']}"
        print(told["rejected_at"], told["rejected_by"], told["reason"], origin, told["detail"])
        print("   ", base64.b64decode(told["value"])[:HEAD_BYTES])
    reader.close()


if __name__ == "__main__":
    main()

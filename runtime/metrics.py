"""Every metric of Oracle Monitor, in one list; docs/METRICS.md is checked against it.

Names follow Prometheus: `oracle_` first, the unit last, `_total` for counters.
"""

from prometheus_client import Counter, Gauge, Histogram

# --- Kafka ---------------------------------------------------------------------------------------------
PRODUCED = Counter("oracle_produced_total", "Messages that the broker acknowledged.", ["topic"])
UNDELIVERED = Gauge("oracle_undelivered_messages", "Messages that wait for the broker in this process.")
REJECTED = Counter("oracle_rejected_total", "Messages sent to oracle.rejected.", ["reason"])
DROPPED_FIELDS = Counter(
    "oracle_dropped_fields_total", "Unknown fields dropped because ORACLE_STRICT_SCHEMA is false."
)
DROPPED_RECORDS = Counter(
    "oracle_dropped_records_total", "Records dropped because a bounded buffer was full.", ["kind"]
)

# --- Collectors ----------------------------------------------------------------------------------------
PASSES = Counter(
    "oracle_collector_passes_total", "Passes over what a collector watches.", ["source", "outcome"]
)
PASS_SECONDS = Histogram("oracle_collector_pass_seconds", "How long a pass takes, in seconds.", ["source"])
ENTITIES = Gauge("oracle_collector_entities", "Entities that a source knows now.", ["source", "kind"])
PUBLISHED = Counter(
    "oracle_collector_published_total", "Observations published because they changed.", ["source"]
)

KAFKA_INTERVAL_SECONDS = Gauge(
    "oracle_kafka_sampling_interval_seconds", "How often the watched Kafka cluster is sampled, in seconds."
)
KAFKA_SAMPLE_CPU_SECONDS = Gauge(
    "oracle_kafka_sample_cpu_seconds", "CPU time that a sample of Kafka takes, the middle of the last three."
)
KAFKA_LOOKUPS = Counter(
    "oracle_kafka_timestamp_lookups_total", "Offsets looked up by timestamp, a partition and round each."
)
KAFKA_UNKNOWN_RECORDS = Counter(
    "oracle_kafka_unknown_records_total",
    "Records of __consumer_offsets of a type or version that is not known, or that do not parse.",
    ["what"],
)

TELEMETRY_SKIPPED = Counter(
    "oracle_telemetry_skipped_total", "Spans and log records that gave no call, and why.", ["why"]
)

# --- LLM proxy -----------------------------------------------------------------------------------------
CALLS = Counter("oracle_llm_calls_total", "LLM calls through the proxy.", ["provider", "status"])
CALL_SECONDS = Histogram("oracle_llm_call_seconds", "Duration of LLM calls, in seconds.", ["provider"])
CALLS_IN_FLIGHT = Gauge("oracle_llm_calls_in_flight", "LLM calls that are not answered yet.")
LLM_REFUSED = Counter("oracle_llm_refused_total", "Requests that the LLM proxy refused to forward.", ["why"])

# --- Aggregator ----------------------------------------------------------------------------------------
FOLDED = Counter("oracle_folded_total", "Records of the log that were folded.", ["type"])
SKIPPED = Counter(
    "oracle_skipped_total", "Records of the log that were duplicates or of a replaced epoch.", ["why"]
)
TICKS = Counter("oracle_ticks_total", "Snapshots stored.", ["environment"])
TICK_DELAY_SECONDS = Histogram(
    "oracle_tick_delay_seconds",
    "From a tick's time until its snapshot is stored, in seconds.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60),
)
WAITING_TICKS = Gauge("oracle_waiting_ticks", "Frozen ticks that wait for the store.")
WAITING_BYTES = Gauge("oracle_waiting_bytes", "Bytes of the frozen ticks that wait for the store.")
CHANGES = Counter("oracle_changes_total", "Change messages announced.")
PARTITIONS_OWNED = Gauge("oracle_partitions_owned", "Partitions of the log that this aggregator owns.")

# --- API -----------------------------------------------------------------------------------------------
REQUESTS = Counter("oracle_http_requests_total", "HTTP requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "oracle_http_request_seconds", "Duration of HTTP requests, in seconds.", ["route"]
)
LIVE_CLIENTS = Gauge("oracle_live_clients", "Clients of the live stream.")

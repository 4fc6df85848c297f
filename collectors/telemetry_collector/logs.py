"""`otlp_logs`: a batch of log records → the calls of models that they tell of."""

from collections.abc import Callable, Iterator

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collectors.telemetry_collector import claude_code
from collectors.telemetry_collector.attributes import Attributes, plain
from collectors.telemetry_collector.batches import Item, items_of, message_of
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.reading import Read, Source
from runtime.metrics import TELEMETRY_SKIPPED
from schema.errors import InvalidMessage
from schema.messages import Call


class LogReader:
    """Reads batches of log records."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    def read(self, source: Source) -> Read:
        """Read one batch; a record that is wrong is left out and counted, and the others go on."""
        try:
            request = message_of(ExportLogsServiceRequest, source)
        except InvalidMessage as error:
            return Read(refused=error)
        return items_of(source, self._environments, _calls(request, source))


def _calls(request: ExportLogsServiceRequest, source: Source) -> Iterator[Item]:
    """Give the records that tell of a call, with their places in the batch, counted before any filter."""
    index = -1
    for of_resource in request.resource_logs:
        resource = plain(of_resource.resource.attributes)
        for of_scope in of_resource.scope_logs:
            for record in of_scope.log_records:
                index += 1
                attributes = plain(record.attributes)
                event = claude_code.event_of(record, attributes, resource)
                if event is None:
                    TELEMETRY_SKIPPED.labels("no_call").inc()
                    continue
                yield index, resource, _call(event, record, attributes, resource, source, index)


def _call(
    event: str, record: LogRecord, attributes: Attributes, resource: Attributes, source: Source, index: int
) -> Callable[[], Call]:
    origin = f"{source.origin}:{index}"
    return lambda: claude_code.call_of(event, record, attributes, resource, origin, source.at_ms)

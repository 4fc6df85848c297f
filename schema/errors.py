"""Every error of our own, as one tree.

OracleError
├── SettingError          a wrong setting: the service stops at start with one line
├── InvalidMessage        a poison message: it goes to `oracle.rejected`, everything else goes on
├── UnreadableRecord      bytes of a watched system's own record that do not parse: counted, the rest goes on
├── BrokerError
│   ├── BrokerUnsuitable  the broker cannot carry the log (no LogAppendTime, other partition count)
│   ├── QueueFull         the producer's buffer is full: pause what feeds it
│   └── BrokerFatal       the client cannot go on: exit without committing
├── SourceUnavailable     what a collector watches does not answer: back off and say `down`
│   ├── SourceRefused     it answers, and refuses one request: the rest goes on
│   ├── SourceDenied      it answers, and does not let us read: another way, or more rights
│   └── SourceExpired     it no longer has what a watch would resume from: list again
├── UpstreamError         a model's provider failed a call that the proxy forwards: 502
│   ├── AddressRefused    its name leads to an address that is never called
│   └── AnswerUnusable    its answer cannot be passed on as HTTP
└── StoreError
    ├── StoreUnavailable  an outage: try again later
    ├── StoreRefused      the data, not the store, is at fault
    ├── StoreSuperseded   another owner stored this tick: reload and go on
    └── StoreUnsuitable   migrations are missing or the key cannot write
"""


class OracleError(Exception):
    """The root: catching it catches nothing that is not ours."""


class SettingError(OracleError):
    """A setting is wrong; the message is one line that names the variable and never its value."""


class InvalidMessage(OracleError):  # noqa: N818 - the field calls it a message that is invalid
    """A message breaks its contract. `reason` is a short machine word, the text says what and where."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class UnreadableRecord(OracleError):  # noqa: N818 - named for what is at fault
    """The bytes of a record that a watched system wrote for itself do not parse; the text says where."""


class BrokerError(OracleError):
    """Kafka failed us."""


class BrokerUnsuitable(BrokerError):  # noqa: N818 - named for the state it reports
    """The broker answers but cannot carry the log; the message says which setting is at fault."""


class QueueFull(BrokerError):  # noqa: N818 - as librdkafka names it
    """The producer's buffer is full: pause the input and publish again later."""


class BrokerFatal(BrokerError):  # noqa: N818 - as librdkafka names it
    """An idempotent producer cannot continue without a risk of duplicates or loss: exit."""


class SourceUnavailable(OracleError):  # noqa: N818 - named for the state it reports
    """What a collector watches does not answer, or refuses; the text is shown beside the source."""


class SourceRefused(SourceUnavailable):
    """The source refused one request with this HTTP status; others may succeed."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status} {detail}" if status else detail)
        self.status = status


class SourceDenied(SourceUnavailable):
    """The source's access rules do not let us read this; the text names what has to be allowed."""


class SourceExpired(SourceUnavailable):
    """The history that a watch would resume from is gone (410): list again."""


class UpstreamError(OracleError):
    """A provider failed a call that the proxy forwards; the text is never shown, it may quote the call."""


class AddressRefused(UpstreamError, OSError):  # noqa: N818 - named for what happened; an OSError, as of a resolver
    """A provider's name leads to link-local, metadata or multicast addresses only."""


class AnswerUnusable(UpstreamError):  # noqa: N818 - named for the state it reports
    """A provider's answer has no clear length, or bytes in its headers that no client may be sent."""


class StoreError(OracleError):
    """The store failed us."""


class StoreUnavailable(StoreError):  # noqa: N818 - named for the state it reports
    """The store does not answer now; the same request may succeed later."""


class StoreRefused(StoreError):  # noqa: N818 - named for the state it reports
    """The store answered and will never take this data."""


class StoreSuperseded(StoreError):  # noqa: N818 - named for the state it reports
    """The progress row has moved on under another owner."""


class StoreUnsuitable(StoreError):  # noqa: N818 - named for the state it reports
    """The store cannot serve this service: tables missing, or the credential may not write."""

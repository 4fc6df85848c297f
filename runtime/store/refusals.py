"""What an SQLSTATE means for a caller: the one table behind the errors of both stores."""

from schema.errors import StoreError, StoreRefused, StoreUnavailable, StoreUnsuitable

_REFUSED_CLASSES = ("22", "23", "54")  # data exception, integrity constraint, program limit exceeded
_UNSUITABLE_CLASSES = ("28", "3D", "3F", "42")  # wrong credential, no such database or schema, no such object


def store_error(sqlstate: str | None, message: str) -> StoreError:
    """Give the error that a SQLSTATE means; everything that is not known to last is an outage."""
    group = (sqlstate or "")[:2]
    if group in _REFUSED_CLASSES:
        return StoreRefused(message)
    if group in _UNSUITABLE_CLASSES:
        return StoreUnsuitable(message)
    return StoreUnavailable(message)


def one_line(message: str, *secrets: str) -> str:
    """Give a server's message as one line in which no secret stands."""
    line = " ".join(message.split())
    for secret in secrets:
        if secret:
            line = line.replace(secret, "***")
    return line

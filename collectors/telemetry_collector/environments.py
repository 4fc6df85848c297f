"""Which environment a record belongs to, and that there are not too many of them (DESIGN §3)."""

import re

from schema.errors import InvalidMessage

MAX_BYTES = 256
_CONTROL = re.compile(r"[\x01-\x1f\x7f]")


class Environments:
    """Remembers which environments were seen, to bound their number."""

    def __init__(self, usual: str, at_most: int) -> None:
        self._usual = usual
        self._at_most = at_most
        self._seen = {usual}

    def choose(self, header: bytes | None, told: str) -> str:
        """Give the environment: the header's, else what the record tells, else the usual one.

        Raises InvalidMessage `bad_environment` or `too_many_environments`.
        """
        environment = text_of(header) or told or self._usual
        if environment not in self._seen:
            if len(environment) > MAX_BYTES or _CONTROL.search(environment):
                raise InvalidMessage("bad_environment", "the environment is no plain text of 256 characters")
            if len(self._seen) >= self._at_most:
                raise InvalidMessage(
                    "too_many_environments",
                    f"ORACLE_MAX_ENVIRONMENTS is {self._at_most}, and this would be one more",
                )
            self._seen.add(environment)
        return environment


def text_of(header: bytes | None) -> str:
    """Read the header `environment`. Raises InvalidMessage `bad_environment`."""
    if not header:
        return ""
    if len(header) > MAX_BYTES:
        raise InvalidMessage("bad_environment", f"the header has more than {MAX_BYTES} bytes")
    try:
        return header.decode().replace("\x00", "\ufffd")
    except UnicodeDecodeError:
        raise InvalidMessage("bad_environment", "the header `environment` is not UTF-8") from None

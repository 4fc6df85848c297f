"""What can go wrong with the local stack; each text is what the person at the terminal reads."""

from schema.errors import OracleError


class StackError(OracleError):
    """The local stack cannot do what was asked."""


class PartMissing(StackError):  # noqa: N818 - named for the state it reports
    """Something must be installed first; the text names the command that does it."""


class PortTaken(StackError):  # noqa: N818 - named for the state it reports
    """A port is in use; the text names its owner and the setting that moves it."""

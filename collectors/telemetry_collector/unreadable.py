"""What becomes of a record whose reading fails in a way that nobody foresaw: it is put aside."""

import traceback
from pathlib import Path

from runtime.logs import logger
from schema.errors import InvalidMessage


def unreadable(error: Exception) -> InvalidMessage:
    """Say what failed, and where in the code; an error's own text may repeat what the record holds."""
    where = "an unknown place"
    for frame, line in traceback.walk_tb(error.__traceback__):
        where = f"{Path(frame.f_code.co_filename).name}:{line}"
    return InvalidMessage("unreadable", f"{type(error).__name__} in {where}")


def report(wrong: InvalidMessage, origin: str) -> None:
    """Log that a record was unreadable: it shows a mistake of the reader, which somebody has to mend."""
    logger().error("a record could not be read", origin=origin, cause=wrong.detail)

"""Bring the store's tables to this version: `python -m runtime.store.migrate`, before any service starts.

Init containers and `oracle up` run it. On Supabase over REST it only checks, and says what to paste.
"""

import argparse
import sys
import time

from runtime.settings import load
from runtime.store.migrations import DIRECTORY, SHOWN_DIRECTORY
from runtime.store.opening import StoreSettings, open_store
from schema.errors import SettingError, StoreError, StoreUnavailable

_RETRY_SECONDS = 1.0


def main(arguments: list[str] | None = None) -> int:
    """Migrate and give the exit status: 0 when the tables are there, 1 with one line on stderr otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m runtime.store.migrate",
        description="Bring the store's tables to this version. The store is that of DATABASE_URL, or of "
        "SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY (checked only: REST cannot create tables).",
    )
    parser.add_argument(
        "--wait", type=float, default=60.0, metavar="SECONDS",
        help="how long to wait for a store that does not answer yet (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--print", action="store_true", help="print the SQL, to paste it, and do nothing else"
    )
    options = parser.parse_args(arguments)
    if options.print:
        for path in sorted(DIRECTORY.glob("*.sql")):
            print(f"-- {SHOWN_DIRECTORY}/{path.name}\n{path.read_text()}")
        return 0
    try:
        _prepare(options.wait)
    except (SettingError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    print("the store's tables are at this version")
    return 0


def _prepare(wait_seconds: float) -> None:
    store = open_store(load(StoreSettings))
    deadline = time.monotonic() + wait_seconds
    try:
        while True:
            try:
                return store.prepare()
            except StoreUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main())

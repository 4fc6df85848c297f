"""Who may read what: ORACLE_API_KEYS, each `KEY` (every environment) or `environment=KEY`. Pure."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from schema.errors import SettingError


@dataclass(frozen=True)
class Grant:
    """What a request may see; `environments` is None for all of them."""

    environments: frozenset[str] | None

    def sees(self, environment: str) -> bool:
        """Say whether an environment lies within this grant."""
        return self.environments is None or environment in self.environments

    def default(self, usual: str) -> str:
        """Give the environment of a request that names none: the usual one, or else the grant's only one."""
        if self.environments is None or usual in self.environments or len(self.environments) != 1:
            return usual
        return next(iter(self.environments))


EVERYTHING = Grant(None)


class Keyring:
    """The configured keys; `open` without any. Keeps digests only, so no trace ever shows a key."""

    def __init__(self, entries: Sequence[str]) -> None:
        """Read the entries; raise SettingError for an empty environment or key."""
        self._grants: dict[bytes, Grant] = {}
        for entry in entries:
            environment, key = _parts(entry)
            digest = sha256(key.encode()).digest()
            before = self._grants.get(digest, Grant(frozenset()))
            if environment is None or before.environments is None:
                self._grants[digest] = EVERYTHING
            else:
                self._grants[digest] = Grant(before.environments | {environment})

    @property
    def open(self) -> bool:
        """Say whether no key is configured."""
        return not self._grants

    def grant(self, key: str) -> Grant | None:
        """Give what a key opens, or None; takes the same time whatever the key is."""
        digest = sha256(key.encode()).digest()
        found = None
        for known, grant in self._grants.items():
            if hmac.compare_digest(known, digest):
                found = grant
        return found


def _parts(entry: str) -> tuple[str | None, str]:
    """Split at the first `=`, unless nothing but padding follows it: base64 keys end in `=`."""
    environment, _, key = entry.partition("=")
    if not key.strip("="):
        if not entry.strip("="):
            raise SettingError(
                "ORACLE_API_KEYS is wrong: an entry is empty (KEY or environment=KEY, by commas)"
            )
        return None, entry
    if not environment.strip():
        raise SettingError("ORACLE_API_KEYS is wrong: an entry names no environment (KEY or environment=KEY)")
    return environment.strip(), key.strip()

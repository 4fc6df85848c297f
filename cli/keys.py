"""Which of the API's own keys (ORACLE_API_KEYS) a command on the same machine uses. Pure."""


def key_of(entries: str, environment: str) -> str:
    """Give a key that opens an environment, else one that opens every environment, else none: "".

    An entry is `KEY` or `environment=KEY`; a key may end in `=`, as base64 does.
    """
    keys: dict[str, str] = {}
    for entry in (one.strip() for one in entries.split(",")):
        name, _, key = entry.partition("=")
        own = bool(key.strip("="))
        keys.setdefault(name.strip() if own else "", key.strip() if own else entry)
    return keys.get(environment) or keys.get("", "")

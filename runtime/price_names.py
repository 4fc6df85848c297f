"""Which model a call is priced as: the one that answered, or the one that was asked for. Pure.

What answered sets the price. The name that was asked for counts only where the answer names no model, or
names the same one more exactly (`gpt-4o` → `gpt-4o-2024-08-06`): a gateway may have answered with another
model than the one it was asked for, and that one's price would be wrong.
"""

import re
from functools import lru_cache

_REMEMBERED = 4096
_BEFORE = re.compile(
    r"^(?:(?:us|eu|apac|au|jp|ca|global|us-gov)\.)?(?:amazon|anthropic|cohere|meta|mistral)\."
)
"""What Bedrock puts before a model: region and maker."""
_AFTER = re.compile(r"(?:[-@:]latest|[-@][0-9]{8}|-[0-9]{4}-[0-9]{2}-[0-9]{2}|-[0-9]{4}|-v[0-9]:[0-9])$")
"""What says which version of a model is meant."""


@lru_cache(maxsize=_REMEMBERED)
def names_of(asked: str, answered: str | None) -> tuple[str, ...]:
    """Give the names to look a price up under, the first of them first."""
    if not answered or answered == asked:
        return (asked,)
    last = answered.rpartition("/")[2]
    if _undated(last) != _undated(asked.rpartition("/")[2]):
        return (answered,)
    # In `azure/gpt-4o` the first part names the seller, which the answer leaves out.
    named = asked[: asked.rfind("/") + 1] + last
    return (named, asked) if named != asked else (asked,)


def _undated(name: str) -> str:
    short = _BEFORE.sub("", name.lower())
    while (cut := _AFTER.sub("", short)) != short:
        short = cut
    return short

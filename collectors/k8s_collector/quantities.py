"""Quantities of Kubernetes ("250m", "1.5Gi", "12e3") as numbers; pure.

The notation is that of https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""

import re
from functools import lru_cache

Quantity = str | int | float
"""As an object carries it: a number without a suffix need not be quoted."""

MIB = 2**20
_FACTORS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_FORM = re.compile(rf"(?:{_NUMBER}[eE][+-]?\d{{1,3}}|({_NUMBER})([numkMGTPE]|[KMGTPE]i)?)", re.ASCII)
"""An exponent or a suffix, not both."""
_LIMIT = 2.0**53


@lru_cache(maxsize=4096)  # thousands of pods ask for the same few amounts
def number_of(quantity: Quantity) -> float | None:
    """Give a quantity in its base unit (cores, bytes); None for what is no quantity, or below zero."""
    if isinstance(quantity, int | float):
        value = float(quantity) if 0 <= quantity <= _LIMIT else -1.0
    else:
        found = _FORM.fullmatch(quantity)
        if found is None:
            return None
        value = float(found[1]) * _FACTORS[found[2]] if found[2] else float(found[0])
    return value if 0 <= value <= _LIMIT else None


def millicores(quantity: Quantity) -> float | None:
    """Give an amount of CPU in millicores."""
    cores = number_of(quantity)
    return None if cores is None else cores * 1000


def mebibytes(quantity: Quantity) -> float | None:
    """Give an amount of memory in MiB."""
    size_bytes = number_of(quantity)
    return None if size_bytes is None else size_bytes / MIB

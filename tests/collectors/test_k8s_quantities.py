"""Quantities, as Kubernetes writes them, into numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.k8s_collector.quantities import Quantity, mebibytes, millicores, number_of


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("0", 0), ("1", 1), ("+2", 2), ("0.5", 0.5), (".5", 0.5), ("5.", 5), (3, 3), (1.5, 1.5),
        ("250m", 0.25), ("150000000n", 0.15), ("5u", 5e-6), ("2k", 2000), ("1M", 1e6), ("1G", 1e9),
        ("1T", 1e12), ("1P", 1e15), ("1Ki", 1024), ("1.5Gi", 1610612736), ("1Ti", 2**40), ("1Pi", 2**50),
        ("12e3", 12_000), ("12E3", 12_000), ("12e-3", 0.012), ("128974848000m", 128974848),
        ("", None), ("m", None), ("1 Gi", None), ("1gi", None), ("1K", None), ("0x10", None), ("1e3Ki", None),
        ("-1", None), (-1, None), ("1e999", None), ("12E", None), ("inf", None), ("nan", None), ("٣", None),
        ("1e-999", 0), (float(2**60), None),
    ],
)  # fmt: skip
def test_a_quantity_is_a_number_or_none(quantity: Quantity, number: float | None) -> None:
    assert number_of(quantity) == (None if number is None else pytest.approx(number, rel=1e-12))


FACTORS = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(10**3),
    "M": Decimal(10**6), "G": Decimal(10**9), "Ki": Decimal(2**10), "Mi": Decimal(2**20),
     "Gi": Decimal(2**30),
}  # fmt: skip


@given(st.decimals(0, 8000, places=3), st.sampled_from(sorted(FACTORS)))
def test_every_number_with_every_suffix_is_read(number: Decimal, suffix: str) -> None:
    assert number_of(f"{number}{suffix}") == pytest.approx(float(number * FACTORS[suffix]), rel=1e-12)


@given(st.text(max_size=12) | st.from_regex(r"[-+0-9.eEmkKMGTPin]{1,10}", fullmatch=True))
def test_no_text_is_too_strange(text: str) -> None:
    number = number_of(text)
    assert number is None or 0 <= number <= 2**53


def test_amounts_have_the_units_of_the_snapshot() -> None:
    assert (millicores("250m"), millicores("2")) == (250, 2000)
    assert (mebibytes("512Mi"), mebibytes("1Gi"), mebibytes("1048576")) == (512, 1024, 1)
    assert (millicores("much"), mebibytes("")) == (None, None)

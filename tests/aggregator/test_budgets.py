"""The setting LLM_BUDGETS_USD, and whose budget is whose."""

from decimal import Decimal

import pytest

from aggregator.budgets import MAX_BUDGETS, budget_of, budgets_of
from schema.errors import SettingError


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("", {}),
        ("{}", {}),
        ('{"researcher": 10.00, "*": 2.50}', {"researcher": Decimal(10), "*": Decimal("2.5")}),
        ('{"a": 0.000000000001, "b": "0.3", "c": 1e3}',
         {"a": Decimal("0.000000000001"), "b": Decimal("0.3"), "c": Decimal(1000)}),
    ],
)  # fmt: skip
def test_amounts_are_read_exactly(told: str, expected: dict[str, Decimal]) -> None:
    assert budgets_of(told) == expected


@pytest.mark.parametrize(
    "told",
    [
        "10", "[]", "{", '{"a": "much"}', '{"a": null}', '{"": 1}', '{"a": 0}', '{"a": -1}', '{"a": "NaN"}',
        "\ud800", '{"\udcff": 1}',
        '{"a": "Infinity"}', '{"a": 1e10}', '{"a": 0.0000000000001}', f'{{"{"x" * 257}": 1}}',
        "{" + ",".join(f'"a{number}": 1' for number in range(MAX_BUDGETS + 1)) + "}",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_one_line_that_names_the_variable(told: str) -> None:
    with pytest.raises(SettingError, match=r"^LLM_BUDGETS_USD is wrong: [^\n]+$"):
        budgets_of(told)


@pytest.mark.parametrize(
    ("agent_id", "names", "expected"),
    [
        ("research-agent", ["Researcher"], 1), ("other", ["Writer Agent"], 2), ("writer-agent", [], 2),
        ("other", ["Coder"], 3), ("nobody", [], 9),
    ],
)  # fmt: skip
def test_a_budget_is_found_by_id_then_by_name_then_for_everybody(
    agent_id: str, names: list[str], expected: int
) -> None:
    told = {"research-agent": 1, "writer-agent": 2, "Coder": 3, "Researcher": 4, "*": 9}
    budgets = {name: Decimal(amount) for name, amount in told.items()}
    assert budget_of(budgets, agent_id, names) == expected
    del budgets["*"]
    assert budget_of(budgets, "nobody", []) is None

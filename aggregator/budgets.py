"""Soft budgets of agents, US dollars a UTC day: LLM_BUDGETS_USD → what each may spend (pure).

They alert and never block. What the log says of them counts, so that a second fold gives the same snapshots.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from aggregator.usage import plain
from schema.agent_names import id_of
from schema.errors import SettingError
from schema.types import Id, check_cost

EVERYBODY = "*"
MAX_BUDGETS = 1000
_FORM = 'a JSON object like {"researcher": 10.00, "*": 2.50} is taken: agent to US dollars a day'


def budgets_of(told: str) -> dict[str, Decimal]:
    """Read the setting. Raises SettingError with one line."""
    try:
        budgets = msgspec.json.decode(told or "{}", type=dict[Id, Decimal])
    except (msgspec.DecodeError, UnicodeError):  # bytes of an environment may be no text
        raise SettingError(f"LLM_BUDGETS_USD is wrong: {_FORM}") from None
    if len(budgets) > MAX_BUDGETS:
        raise SettingError(f"LLM_BUDGETS_USD is wrong: it names more than {MAX_BUDGETS} agents")
    for budget in budgets.values():
        if not budget.is_finite() or budget <= 0:
            raise SettingError("LLM_BUDGETS_USD is wrong: a budget is a number above 0")
        try:
            check_cost(budget)
        except ValueError:
            raise SettingError(
                "LLM_BUDGETS_USD is wrong: a budget is at most 10^9 and has at most twelve places"
            ) from None
    return {name: plain(budget) for name, budget in budgets.items()}


def budget_of(budgets: Mapping[str, Decimal], agent_id: str, names: Iterable[str]) -> Decimal | None:
    """Give an agent's budget: by its id, else by one of its names, else that of everybody."""
    for name in (agent_id, *names, *(id_of(name) for name in names)):
        if name in budgets:
            return budgets[name]
    return budgets.get(EVERYBODY)

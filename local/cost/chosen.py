"""A deployment that was chosen, beside what a plan would have bought for the same rate and for the same money. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import Bill
from local.cost.configuration import Configuration
from local.cost.deployment_plan import Plan, Planner
from local.cost.exact import dollars, plain
from local.cost.formulas import known
from local.cost.model import cheapest

ZERO = Fraction(0)


@dataclass(frozen=True)
class Chosen:
    """What was chosen, and what it is compared with.

    Attributes:
        bill: Its bill at the highest rate that it serves; where it has no such rate, at the plan's.
        standing: Dollars an hour before its first request.
        same_rate: The cheapest plan for that rate.
        same_money: The plan with the highest rate for what it costs there.
    """

    name: str
    bill: Bill
    standing: Fraction
    same_rate: Plan | None
    same_money: Plan | None

    def sentences(self, budget: Fraction | None) -> list[str]:
        """Return the comparison in words."""
        bill, limit = self.bill, self.bill.limit
        why = " at its utilisation target with its spares lost" if limit else ""
        said = (
            f"{self.name} serves up to {plain(bill.rate, 5)} requests/s{why}, for {dollars(bill.hour, 3)} an hour, "
            f"{dollars(self.standing, 3)} of it before the first request"
        )
        if budget is not None and self.standing > budget:
            said += f": over the budget of ${plain(budget)}"
        lines = [said + "."]
        if self.same_rate:
            plan, less = self.same_rate, bill.hour - self.same_rate.hour
            cheaper = f", {dollars(less, 3)} less" if less > 0 else ""
            lines.append(f"For the same rate: {_bought(plan)}, for {dollars(plan.hour, 3)} an hour{cheaper}.")
        if self.same_money:
            plan, more = self.same_money, self.same_money.rate / bill.rate - 1 if bill.rate else ZERO
            share = f", {plain(more * 100, 3)} % more" if more > 0 else ""
            lines.append(f"For the same money: {_bought(plan)}, for {plain(plan.rate, 5)} requests/s{share}.")
        return lines


def compare_chosen(configuration: Configuration, planner: Planner, otherwise: Fraction) -> Chosen:
    """Return a configuration beside the plans for its rate and for its cost.

    Args:
        configuration: What was chosen, in the planner's region.
        planner: Prices the candidates for the mix.
        otherwise: The rate for a configuration that follows the rate and has no highest one.

    Raises:
        NoPrice: The book cannot price it in its region.
    """
    standing = cheapest(configuration, planner.mix, ZERO, planner.book)
    rate = Fraction(int(known(standing.limit.rate))) if standing.limit else otherwise
    bill = cheapest(configuration, planner.mix, rate, planner.book)
    same_rate = next(iter(planner.cheapest(rate)), None)
    same_money = planner.within(bill.hour)[0] if same_rate and bill.hour >= same_rate.hour else None
    return Chosen(configuration.name, bill, standing.hour, same_rate, same_money)


def _bought(plan: Plan) -> str:
    return f"{plan.name} ({plan.size})" if plan.size else plan.name

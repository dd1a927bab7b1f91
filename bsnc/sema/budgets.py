"""Budgets: known costs, known options, bounds in the right unit."""

from __future__ import annotations

from bsnc.diagnostics import Diagnosed, Diagnostic, did_you_mean
from bsnc.ir import COST_SIGNATURES, Budget, CostKey, CostSignature
from bsnc.sema.evaluate import Evaluator
from bsnc.sema.sections import outside_of_network
from bsnc.sema.values import Quantity, Scope, Value, describe, is_number
from bsnc.syntax import ast


def budget_of(budget: ast.Budget) -> Budget:
    """The budget that a declaration means. Raises Diagnosed."""
    cost = cost_key(budget.cost)
    try:
        value = Evaluator().value(budget.bound, Scope())
    except Diagnosed as mistake:
        raise outside_of_network(mistake) from None
    if budget.of_max or (isinstance(value, Quantity) and value.dimension == "share"):
        return Budget(cost=cost, bound=_share(value, budget), of_max=True)
    bound = _absolute(value, cost, budget)
    if bound <= 0:
        raise Diagnosed(Diagnostic("BSN209", "a bound must be positive", budget.bound.span))
    return Budget(cost=cost, bound=bound)


def _share(value: Value, budget: ast.Budget) -> float:
    if not isinstance(value, Quantity) or value.dimension != "share":
        message = f"a share of max is a percentage, not {describe(value)}"
        raise Diagnosed(Diagnostic("BSN207", message, budget.bound.span, help="for example `30% of max`"))
    if value.value <= 0:
        raise Diagnosed(Diagnostic("BSN209", "a bound must be positive", budget.bound.span))
    return value.value


def _absolute(value: Value, cost: CostKey, budget: ast.Budget) -> float:
    dimension = cost.signature.dimension
    words = {
        "count": "a plain number, such as `40M`",
        "bytes": "in bytes, such as `8MB`",
        "seconds": "a duration",
    }
    if dimension == "count" and is_number(value):
        return float(value)
    if isinstance(value, Quantity) and value.dimension == dimension:
        return value.value
    message = f"a bound on {cost.name} ({cost.signature.unit}) is {words[dimension]}, not {describe(value)}"
    raise Diagnosed(Diagnostic("BSN207", message, budget.bound.span))


def cost_key(reference: ast.CostReference) -> CostKey:
    """The cost that a reference names, its options checked. Raises Diagnosed (BSN205, BSN206, BSN211, BSN212)."""
    name = reference.name.text
    signature = COST_SIGNATURES.get(name)
    if signature is None:
        suggestion = did_you_mean(name, COST_SIGNATURES)
        raise Diagnosed(Diagnostic("BSN212", f"no cost named `{name}`", reference.name.span, help=suggestion))
    options: dict[str, str] = {}
    for argument in reference.arguments:
        option, value = _option(argument, name, signature)
        if option in options:
            raise Diagnosed(Diagnostic("BSN205", f"`{option}` is given twice", argument.span))
        options[option] = value
    given = tuple(sorted((o, v) for o, v in options.items() if v != signature.options[o][0]))
    return CostKey(name=name, options=given)


def _option(argument: ast.Argument, cost: str, signature: CostSignature) -> tuple[str, str]:
    if argument.name is None:
        message = f"options of cost `{cost}` are named, as in `flops(count = veniat2018)`"
        raise Diagnosed(Diagnostic("BSN205", message, argument.span))
    option = argument.name.text
    if option not in signature.options:
        suggestion = did_you_mean(option, signature.options)
        message = f"cost `{cost}` has no option `{option}`"
        raise Diagnosed(Diagnostic("BSN205", message, argument.name.span, help=suggestion))
    allowed = signature.options[option]
    value = argument.value.text if isinstance(argument.value, ast.Name) else None
    if value not in allowed:
        suggestion = did_you_mean(value or "", allowed)
        shown = f"`{argument.value.span.text}`"
        message = f"{shown} is no value of `{option}`"
        raise Diagnosed(Diagnostic("BSN211", message, argument.value.span, help=suggestion))
    return option, value

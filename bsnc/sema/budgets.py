"""Budgets: known costs, known options, bounds in the right unit."""

from __future__ import annotations

from bsnc.diagnostics import Diagnosed, Diagnostic, did_you_mean
from bsnc.ir import COST_SIGNATURES, Budget, CostKey, CostOption
from bsnc.ops import is_target
from bsnc.sema.expressions.bind import bind_arguments
from bsnc.sema.expressions.evaluate import Evaluator
from bsnc.sema.expressions.extern import not_allowed
from bsnc.sema.expressions.values import Quantity, Scope, Value, describe, is_number
from bsnc.sema.sections import outside_of_network
from bsnc.syntax import ast


def budget_of(budget: ast.Budget, allow_extern: bool = False) -> Budget:
    """The budget that a declaration means, costs of the user's own where they are allowed. Raises Diagnosed."""
    named = budget.cost
    cost = _own_cost(named, allow_extern) if isinstance(named, ast.ExternCost) else cost_key(named)
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
        "seconds": "a duration, such as `40ms`",
    }
    if dimension == "count" and is_number(value):
        return float(value)
    if isinstance(value, Quantity) and value.dimension == dimension:
        return value.value
    message = f"a bound on {cost.name} ({cost.signature.unit}) is {words[dimension]}, not {describe(value)}"
    raise Diagnosed(Diagnostic("BSN207", message, budget.bound.span))


def cost_key(reference: ast.CostReference) -> CostKey:
    """The cost that a reference names, its options checked. Raises Diagnosed (BSN204, BSN205, BSN211, BSN212)."""
    name = reference.name.text
    signature = COST_SIGNATURES.get(name)
    if signature is None:
        suggestion = did_you_mean(name, COST_SIGNATURES)
        raise Diagnosed(Diagnostic("BSN212", f"no cost named `{name}`", reference.name.span, help=suggestion))
    given = bind_arguments(f"cost `{name}`", list(signature.options), reference.arguments)
    options = {o: _option(argument, o, signature.options[o]) for o, argument in given.items()}
    missing = next((o for o, kind in signature.options.items() if kind.default is None and o not in options), None)
    if missing is not None:
        help_text = f"for example `{name}({missing} = 4)`"
        raise Diagnosed(Diagnostic("BSN204", f"cost `{name}` needs `{missing}`", reference.span, help=help_text))
    kept = tuple(sorted((o, v) for o, v in options.items() if v != signature.options[o].default))
    return CostKey(name=name, options=kept)


def _own_cost(cost: ast.ExternCost, allow_extern: bool) -> CostKey:
    """A cost of the user's own; none of its code runs. Raises Diagnosed (BSN206, BSN217)."""
    if not allow_extern:
        raise Diagnosed(not_allowed("a cost", cost.span))
    target = cost.target.value
    if not is_target(target):
        message = "a cost of one's own names a function as `package.module:function`"
        help_text = 'for example `budget extern "costs.energy:joules" <= 30`'
        raise Diagnosed(Diagnostic("BSN206", message, cost.target.span, help=help_text))
    return CostKey(name="extern", options=(("function", target),))


def _option(argument: ast.Argument, name: str, option: CostOption) -> str:
    expr = argument.value
    if option.names:
        value = expr.text if isinstance(expr, ast.Name) else None
        if value is not None and option.accepts(value):
            return value
        suggestion = did_you_mean(value or "", option.names)
        message = f"`{expr.span.text}` is no value of `{name}`"
        raise Diagnosed(Diagnostic("BSN211", message, expr.span, help=suggestion))
    number = Evaluator().integer(expr, Scope(), f"`{name}`", minimum=1)
    if number > option.highest:
        message = f"`{name}` must be at most {option.highest}, not {number}"
        raise Diagnosed(Diagnostic("BSN209", message, expr.span))
    return str(number)

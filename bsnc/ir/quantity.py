"""Amounts of costs in words: exactly, roughly, and as a bound in a spec."""

from __future__ import annotations

import math

from bsnc.ir.budget import CostSignature

_DECIMAL = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_BINARY = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def exactly(value: float, signature: CostSignature, unit: bool = True) -> str:
    """`39,250,000 multiply-adds`, `8,388,608 bytes`, `37.25 ms`; without its unit except for times."""
    if signature.dimension == "seconds":
        return _time(value, 6)
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"
    return f"{number} {_unit(number, signature)}" if unit else number


def roughly(value: float, signature: CostSignature, unit: bool = True) -> str:
    """`39.25 M multiply-adds`, `7.63 MiB`, `37.25 ms`, `17 steps`; counts without their unit: `39.25 M`."""
    if signature.dimension == "seconds":
        return _time(value, 4)
    if signature.dimension == "bytes":
        factor, suffix = next((pair for pair in _BINARY if abs(value) >= pair[0]), (1, "bytes"))
        return f"{value / factor:.4g} {suffix}"
    factor, suffix = next((pair for pair in _DECIMAL if abs(value) >= pair[0]), (1.0, ""))
    number = f"{value / factor:.4g} {suffix}".rstrip()
    return f"{number} {_unit(number, signature)}" if unit else number


def as_bound(value: float, signature: CostSignature) -> str:
    """As a spec would bound the cost, rounded up: `39250000`, `8388608B`, `37.25ms`."""
    if signature.dimension == "bytes":
        return f"{math.ceil(value)}B"
    if signature.dimension == "seconds":
        factor, suffix = _unit_of(value)
        return f"{math.ceil(value / factor * 1e3) / 1e3:.12g}{suffix}"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.12g}"


def _unit(number: str, signature: CostSignature) -> str:
    """`step` of one, `steps` of others."""
    return signature.unit.removesuffix("s") if number == "1" else signature.unit


def _time(value: float, digits: int) -> str:
    factor, suffix = _unit_of(value)
    return f"{value / factor:.{digits}g} {suffix}"


def _unit_of(value: float) -> tuple[float, str]:
    return next((pair for pair in _TIMES if abs(value) >= pair[0]), _TIMES[-1])

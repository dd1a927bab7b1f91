"""Number literals: digits and an optional unit."""

from __future__ import annotations

import re

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan, did_you_mean

UNITS: dict[str, tuple[float, str]] = {
    "": (1, "count"),
    "k": (10**3, "count"),
    "M": (10**6, "count"),
    "G": (10**9, "count"),
    "T": (10**12, "count"),
    "B": (1, "bytes"),
    "kB": (10**3, "bytes"),
    "MB": (10**6, "bytes"),
    "GB": (10**9, "bytes"),
    "KiB": (2**10, "bytes"),
    "MiB": (2**20, "bytes"),
    "GiB": (2**30, "bytes"),
    "us": (1e-6, "seconds"),
    "ms": (1e-3, "seconds"),
    "s": (1, "seconds"),
    "%": (0.01, "share"),
}
"""Unit → (factor, dimension)."""

MAX_DIGITS = 40
_NUMBER = re.compile(
    r"(?P<digits>[0-9]+(_[0-9]+)*(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?)(?P<unit>%|\w*)"
)


def split_number(text: str, span: SourceSpan) -> tuple[int | float, str]:
    """Value of the digits and the unit. Raises Diagnosed on an unknown unit or an absurd length."""
    match = _NUMBER.fullmatch(text)
    assert match is not None, text
    digits, unit = match["digits"], match["unit"]
    if len(digits) > MAX_DIGITS:
        raise Diagnosed(Diagnostic("BSN102", f"a number of {len(digits)} digits is too long", span))
    if unit not in UNITS:
        suggestion = did_you_mean(unit, [u for u in UNITS if u]) or "units are k M G T, B kB MB KiB MiB, us ms s, %"
        raise Diagnosed(Diagnostic("BSN102", f"unknown unit `{unit}`", span, help=suggestion))
    if match["fraction"] or match["exponent"]:
        value = float(digits)
        if value == float("inf"):
            raise Diagnosed(Diagnostic("BSN102", f"`{text}` is beyond what a number can hold", span))
        return value, unit
    return int(digits), unit

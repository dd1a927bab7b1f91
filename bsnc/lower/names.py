"""Names of edges and nodes → names of Python attributes, so that lowered code reads well."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable


def attribute_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A distinct identifier for every name, in order: `h[0,1]->h[1,1]#1` → `h_0_1__h_1_1__1`."""
    used = set(taken)
    result: dict[str, str] = {}
    for name in names:
        base = _identifier(name)
        candidate, number = base, 2
        while candidate in used:
            candidate, number = f"{base}_v{number}", number + 1
        used.add(candidate)
        result[name] = candidate
    return result


def _identifier(name: str) -> str:
    text = name.replace("->", "__").replace("#", "__").replace("]", "")
    text = re.sub(r"[^0-9A-Za-z_]", "_", text)
    text = f"_{text}" if text[:1].isdigit() else text
    return f"{text}_" if keyword.iskeyword(text) else text

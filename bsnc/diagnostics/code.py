"""What is known of a diagnostic code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Code:
    """`environment`: the fault lies with the call or the machine, not with the spec or model (exit status 2)."""

    title: str
    explanation: str
    severity: Literal["error", "warning"] = "error"
    environment: bool = False

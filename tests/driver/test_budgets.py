"""Bounds of budgets before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from bsnc.cost import Given
from bsnc.diagnostics import Diagnosed
from bsnc.driver.budgets import bounds_to_hold, report_costs
from bsnc.driver.check import check_spec

UNWEIGHTED = """network n() {
  input  image:  float[1, 8, 8]
  output logits: float[1]
  node h = sum
  edge image -> h : identity
  edge image -> h : relu
  fixed edge h -> logits : global_avg_pool | flatten
}
"""


def test_a_share_of_nothing_is_no_bound(tmp_path: Path) -> None:
    """A search would divide by it."""
    spec = tmp_path / "net.bsn"
    spec.write_text(UNWEIGHTED + "budget flops <= 50% of max\nbudget weights <= 99% of max\n", encoding="utf-8")
    analysis = check_spec(spec)
    program = analysis.program
    assert program is not None, analysis.diagnostics
    report = report_costs(program, analysis, Given())
    assert report.budgets == ()
    found = [d for d in report.diagnostics if d.code == "BSN404"]
    assert [d.span.text if d.span else "" for d in found] == [
        "budget flops <= 50% of max",
        "budget weights <= 99% of max",
    ]
    with pytest.raises(Diagnosed, match="no architecture costs more than 0"):
        bounds_to_hold(program, analysis, Given())

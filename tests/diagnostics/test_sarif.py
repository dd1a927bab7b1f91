"""SARIF: what a reader of logs relies on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bsnc.diagnostics import CODES, Diagnostic, Label, Source, SourceSpan, render_sarif


def run_of(*diagnostics: Diagnostic) -> dict[str, Any]:
    log = json.loads(render_sarif(diagnostics, "1.2.3"))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    return run


def at(text: str, marked: str, name: str = "specs/a b.bsn") -> SourceSpan:
    start = text.index(marked)
    return SourceSpan(Source(name, text), start, start + len(marked))


def test_the_rules_are_the_codes_that_occur() -> None:
    run = run_of(*(Diagnostic(code, "m") for code in ("BSN402", "BSN201", "BSN402")))
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("bsnc", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["BSN201", "BSN402"]
    assert [result["ruleIndex"] for result in run["results"]] == [1, 0, 1]


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_a_rule(code: str) -> None:
    for rule in run_of(Diagnostic(code, "m"))["tool"]["driver"]["rules"]:
        code = CODES[rule["id"]]
        assert rule["shortDescription"] == {"text": code.title}
        assert rule["fullDescription"] == {"text": code.explanation}
        assert rule["defaultConfiguration"] == {"level": code.severity}


def test_nothing_found_is_an_empty_list() -> None:
    assert run_of()["results"] == []


def test_places_are_regions_in_code_points() -> None:
    text = "let 𝒂 = 1\nedge 𝒂 -> bb : relu\n"
    label = Label(at(text, "let 𝒂"), "declared here")
    found = Diagnostic("BSN201", "no `bb`", at(text, "bb"), caption="this", labels=(label,), notes=("n",), help="h")
    run = run_of(found)
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "BSN201"
    assert result["level"] == "error"
    assert result["message"] == {"text": "no `bb`\nnote: n\nhelp: h"}
    (location,) = result["locations"]
    assert location["message"] == {"text": "this"}
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "specs/a%20b.bsn"},
        "region": {"startLine": 2, "startColumn": 11, "endLine": 2, "endColumn": 13},
    }
    (related,) = result["relatedLocations"]
    assert (related["id"], related["message"]) == (1, {"text": "declared here"})
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 6}
    assert related["physicalLocation"]["region"] == region


def test_a_file_without_a_place_in_it_is_a_location() -> None:
    (result,) = run_of(Diagnostic("BSN001", "cannot read the file", subject="a.bsn"))["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "a.bsn"}}}]
    assert "relatedLocations" not in result


def test_an_option_is_no_file() -> None:
    (result,) = run_of(Diagnostic("BSN004", "no parameter `x`", subject="--set x=1"))["results"]
    assert result["locations"] == [{"logicalLocations": [{"name": "--set x=1"}]}]


def test_without_a_subject_there_is_no_location() -> None:
    (result,) = run_of(Diagnostic("BSN402", "met"))["results"]
    assert result["level"] == "warning"
    assert "locations" not in result


def test_absolute_paths_are_file_uris(tmp_path: Path) -> None:
    (result,) = run_of(Diagnostic("BSN001", "m", subject=str(tmp_path / "a b.bsn")))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"file:///.*/a%20b\.bsn", uri)


@pytest.mark.parametrize("spec", ["unknown", "fine"])
def test_check_prints_sarif_and_nothing_else(bsnc, tmp_path: Path, spec: str) -> None:
    module = "linear(10)" if spec == "fine" else "no_such_op"
    text = f"network n() {{\n  input x: float[4]\n  output y: float[10]\n  fixed edge x -> y : {module}\n}}\n"
    (tmp_path / "a.bsn").write_text(text, encoding="utf-8")
    run = bsnc("check", "--format", "sarif", "a.bsn", cwd=tmp_path)
    assert run.stderr == ""
    results = json.loads(run.stdout)["runs"][0]["results"]
    assert (run.exit, len(results)) == ((0, 0) if spec == "fine" else (1, 1))

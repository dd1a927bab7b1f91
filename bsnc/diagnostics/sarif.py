"""Diagnostics as SARIF 2.1.0, which code hosts and editors read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from bsnc.diagnostics.code import Code
from bsnc.diagnostics.codes import CODES
from bsnc.diagnostics.diagnostic import Diagnostic, Label
from bsnc.diagnostics.source import SourceSpan

Json = dict[str, object]
_SUBJECT_IS_AN_OPTION = {"BSN004"}


def render_sarif(diagnostics: Sequence[Diagnostic], version: str) -> str:
    """A SARIF log of one run of bsnc, with the rules that it mentions.

    Columns count code points, from 1; ends are exclusive.
    """
    rules = sorted({diagnostic.code for diagnostic in diagnostics})
    driver: Json = {"name": "bsnc", "semanticVersion": version, "rules": [_rule(c, CODES[c]) for c in rules]}
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, rules.index(diagnostic.code)) for diagnostic in diagnostics],
    }
    log: Json = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _rule(identifier: str, code: Code) -> Json:
    return {
        "id": identifier,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.explanation},
        "defaultConfiguration": {"level": code.severity},
    }


def _result(diagnostic: Diagnostic, rule: int) -> Json:
    result: Json = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity,
        "message": {"text": _message(diagnostic)},
    }
    location = _location(diagnostic)
    if location is not None:
        result["locations"] = [location]
    if diagnostic.labels:
        result["relatedLocations"] = [_related(number, label) for number, label in enumerate(diagnostic.labels, 1)]
    return result


def _message(diagnostic: Diagnostic) -> str:
    """The message with notes and help on lines of their own: SARIF has no place for them."""
    notes = [f"note: {note}" for note in diagnostic.notes]
    help_text = [f"help: {diagnostic.help}"] if diagnostic.help else []
    return "\n".join([diagnostic.message, *notes, *help_text])


def _location(diagnostic: Diagnostic) -> Json | None:
    if diagnostic.span is not None:
        location = _place(diagnostic.span)
        return location | {"message": {"text": diagnostic.caption}} if diagnostic.caption else location
    if diagnostic.subject is None:
        return None
    if diagnostic.code in _SUBJECT_IS_AN_OPTION:
        return {"logicalLocations": [{"name": diagnostic.subject}]}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(diagnostic.subject)}}}


def _related(number: int, label: Label) -> Json:
    return {"id": number, **_place(label.span), "message": {"text": label.text}}


def _place(span: SourceSpan) -> Json:
    region: Json = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(span.source.name)}, "region": region}}


def _uri(name: str) -> str:
    """A file's name as a URI; a relative one stays relative."""
    path = Path(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())

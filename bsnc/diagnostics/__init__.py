"""Messages to the user: sources, spans, diagnostics, their codes and their renderers."""

from bsnc.diagnostics.code import Code
from bsnc.diagnostics.codes import CODES, explain
from bsnc.diagnostics.diagnostic import (
    Diagnosed,
    Diagnostic,
    Label,
    Severity,
    counted,
    did_you_mean,
    error_in_short,
    exit_status,
    first_line,
    has_errors,
)
from bsnc.diagnostics.render import render_concise, render_full, render_json
from bsnc.diagnostics.sarif import render_sarif
from bsnc.diagnostics.source import Source, SourceSpan

__all__ = [
    "CODES",
    "Code",
    "Diagnosed",
    "Diagnostic",
    "Label",
    "Severity",
    "Source",
    "SourceSpan",
    "counted",
    "did_you_mean",
    "error_in_short",
    "exit_status",
    "explain",
    "first_line",
    "has_errors",
    "render_concise",
    "render_full",
    "render_json",
    "render_sarif",
]

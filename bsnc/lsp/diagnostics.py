"""Diagnostics as an editor shows them."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from bsnc.diagnostics import Diagnostic, Label, SourceSpan
from bsnc.lsp.document import Document
from bsnc.lsp.protocol import Protocol
from bsnc.syntax import ast

_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}


def published(document: Document, protocol: Protocol) -> list[types.Diagnostic]:
    """What the checker says of an open document. Errors of an imported file stand at the import that brings it."""
    return [_converted(diagnostic, place, protocol) for diagnostic, place in _placed(document)]


def _placed(document: Document) -> Iterator[tuple[Diagnostic, SourceSpan]]:
    """Each diagnostic with the place in the document where it is to be shown."""
    for diagnostic in document.analysis.diagnostics:
        span = diagnostic.span
        if span is None:
            yield diagnostic, SourceSpan(document.source, 0, 0)
        elif span.source.name == document.source.name:
            yield diagnostic, span
        elif diagnostic.severity == "error":
            yield diagnostic, _import_of(document, span)


def _import_of(document: Document, span: SourceSpan) -> SourceSpan:
    """The path of the import of a file; where another import brings it, of the first."""
    spec = document.analysis.spec
    imports = [item for item in spec.items if isinstance(item, ast.Import)] if spec is not None else []
    files = [(item, document.imported(item)) for item in imports]
    direct = [item for item, file in files if file is not None and file[0].name == span.source.name]
    found = [*direct, *imports]
    return found[0].path.span if found else SourceSpan(document.source, 0, 0)


def _converted(diagnostic: Diagnostic, place: SourceSpan, protocol: Protocol) -> types.Diagnostic:
    labels = list(diagnostic.labels)
    if diagnostic.span is not None and diagnostic.span is not place:
        labels.insert(0, Label(diagnostic.span, "in the imported file, here"))
    related = [
        types.DiagnosticRelatedInformation(protocol.location(label.span), label.text or "see here") for label in labels
    ]
    return types.Diagnostic(
        range=protocol.range(place),
        message=message_of(diagnostic),
        severity=_SEVERITIES[diagnostic.severity],
        code=diagnostic.code,
        source="bsnc",
        related_information=related,
    )


def message_of(diagnostic: Diagnostic) -> str:
    """The message, what stands under its caret, its notes and its help."""
    lines = [diagnostic.message, diagnostic.caption, *(f"note: {note}" for note in diagnostic.notes)]
    lines.append(f"help: {diagnostic.help}" if diagnostic.help else "")
    return "\n".join(line for line in lines if line)

"""What a file declares outside of networks, with what it imports: names, and networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, Source, SourceSpan
from bsnc.sema.elaboration.context import Context, LimitExceededError
from bsnc.sema.elaboration.elaborate import check_unused, declare_name
from bsnc.sema.elaboration.raw import RawNetwork, declared_twice
from bsnc.sema.expressions.evaluate import Evaluator
from bsnc.sema.expressions.values import Scope
from bsnc.syntax import ast, parse_spec

MAX_FILES = 100
MAX_CHARACTERS = 2_000_000
"""Of all imported files together."""

Loader = Callable[[Source, str], Source]
"""(importing file, path as written) → the file. Raises Diagnosed, without a span, where it may not or cannot be read.
Files of one name are one file."""


def no_imports(importer: Source, path: str) -> Source:  # noqa: ARG001
    """The loader where there are no files to import from."""
    raise Diagnosed(Diagnostic("BSN221", "a text that is no file cannot import one"))


@dataclass(frozen=True)
class DeclaredNetwork:
    """A network with the names that its file lends it."""

    syntax: ast.Network
    surroundings: Scope


@dataclass
class FileNames:
    """What a file offers to those who import it."""

    scope: Scope = field(default_factory=Scope)
    networks: dict[str, DeclaredNetwork] = field(default_factory=dict[str, DeclaredNetwork])
    imported: dict[str, DeclaredNetwork] = field(default_factory=dict[str, DeclaredNetwork])
    """Networks of the files that it imports."""


class Files:
    """Reads a file and all that it imports, each once."""

    def __init__(self, evaluator: Evaluator, loader: Loader) -> None:
        self.evaluator, self.loader = evaluator, loader
        self.sources: list[Source] = []
        self.diagnostics: list[Diagnostic] = []
        self._read: dict[str, FileNames] = {}
        self._open: list[str] = []

    def read(self, source: Source, spec: ast.Spec) -> FileNames:
        """The names of a parsed file. What is wrong ends up in `diagnostics`."""
        names = self._read[source.name] = FileNames()
        context = Context(self.evaluator, RawNetwork(source.name, spec.span))
        self.sources.append(source)
        self._open.append(source.name)
        try:
            for item in spec.items:
                self._attempt(item, names, context, source)
            check_unused(context, names.scope)
        except LimitExceededError:
            self.evaluator.knows_all = False
        self._open.pop()
        self.diagnostics += context.result.diagnostics
        return names

    def _attempt(self, item: ast.Item, names: FileNames, context: Context, source: Source) -> None:
        try:
            self._item(item, names, context, source)
        except Diagnosed as mistake:
            context.report(mistake)

    def _item(self, item: ast.Item, names: FileNames, context: Context, source: Source) -> None:
        if isinstance(item, ast.Import):
            self._import(item, names, source)
        elif isinstance(item, ast.Network):
            known = names.networks.get(item.name.text) or names.imported.get(item.name.text)
            if known is not None:
                raise Diagnosed(declared_twice(item.name.text, item.name.span, known.syntax.name.span))
            names.networks[item.name.text] = DeclaredNetwork(item, names.scope)
        elif isinstance(item, (ast.Let, ast.Block, ast.Cell)):
            declare_name(context, item, names.scope)

    def _import(self, item: ast.Import, names: FileNames, importer: Source) -> None:
        try:
            source = self.loader(importer, item.path.value)
        except Diagnosed as mistake:
            self.evaluator.knows_all = False
            raise Diagnosed(*(replace(d, span=item.path.span, subject=None) for d in mistake.diagnostics)) from None
        if source.name in self._open:
            self.evaluator.knows_all = False
            cycle = " -> ".join([*self._open[self._open.index(source.name) :], source.name])
            raise Diagnosed(Diagnostic("BSN222", f"files import each other in a circle: {cycle}", item.span))
        if source.name not in self._read:
            self._read_new(source, item)
        self._take(self._read[source.name], names, item)

    def _read_new(self, source: Source, item: ast.Import) -> None:
        total = len(source.text) + sum(len(s.text) for s in self.sources[1:])
        if len(self.sources) > MAX_FILES or total > MAX_CHARACTERS:
            message = f"more than {MAX_FILES} imported files, or {MAX_CHARACTERS:,} characters in them"
            raise Diagnosed(Diagnostic("BSN213", message, item.span))
        try:
            self.read(source, parse_spec(source))
        except Diagnosed as mistake:
            self._read[source.name] = FileNames()
            self.evaluator.knows_all = False
            self.diagnostics += mistake.diagnostics

    def _take(self, offered: FileNames, names: FileNames, item: ast.Import) -> None:
        """Names that came by another way already, as when two files import a third, are no clash."""
        clashes: list[Diagnostic] = []
        for name, binding in offered.scope.named():
            known = names.scope.lookup(name)
            if known is None:
                names.scope.declare(name, binding.value, binding.span, binding.label)
            elif known.span != binding.span:
                clashes.append(_clash(name, item, known.span, binding.span))
        for name, network in (offered.imported | offered.networks).items():
            known_network = names.networks.get(name) or names.imported.setdefault(name, network)
            if known_network is not network:
                clashes.append(_clash(name, item, known_network.syntax.name.span, network.syntax.name.span))
        if clashes:
            raise Diagnosed(*clashes)


def _clash(name: str, item: ast.Import, first: SourceSpan, imported: SourceSpan) -> Diagnostic:
    there = Label(imported, "and here, in the imported file")
    return declared_twice(name, item.path.span, first, there)

"""Specs with a cursor in them, written `¦`."""

from __future__ import annotations

from bsnc.lsp.document import Document
from bsnc.lsp.workspace import Workspace

HEAD = """network net(width: int = 8) {
  input image: float[3, 8, 8]
  output logits: float[10]
  block step(c, k = 3) = conv(c, k) | relu
  node h[2] = sum | relu
  gate g
"""
TAIL = """
  edge image -> h[0] : step(width)
  edge h[0] -> logits : flatten | linear(10)
}
"""


def opened(marked: str, before: str | None = None) -> tuple[Document, int]:
    """The document of a text and the place of its cursor; `before` is what was open until then."""
    workspace = Workspace()
    if before is not None:
        workspace.open("/net.bsn", before)
    return workspace.open("/net.bsn", marked.replace("¦", "")), marked.index("¦")


def around(statement: str) -> str:
    return f"{HEAD}  {statement}{TAIL}"

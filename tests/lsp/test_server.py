"""`bsnc lsp` from end to end: a process that speaks JSON-RPC over stdio."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bsnc.diagnostics import Source
from bsnc.syntax import format_source
from tests.lsp.support import around

pytest.importorskip("pygls", reason="the language server needs pygls: pip install 'bsnc[lsp]'")

ROOT = Path(__file__).parents[2]
WRONG, RIGHT = around("let 𝛼 = width + widht"), around("let 𝛼 = width\n  let b  =  𝛼")


class Client:
    """Just enough of an editor."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process, self.number = process, 0

    def send(self, method: str, params: object, **more: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return json.loads(stream.read(length))

    def ask(self, method: str, params: object = None) -> Any:
        self.number += 1
        self.send(method, params, id=self.number)
        while True:
            answer = self.receive()
            if answer.get("id") == self.number and "method" not in answer:
                assert "error" not in answer, answer
                return answer["result"]

    def published(self) -> dict[str, Any]:
        while (message := self.receive()).get("method") != "textDocument/publishDiagnostics":
            pass
        return message["params"]


@pytest.fixture
def client() -> Iterator[Client]:
    command = [sys.executable, "-m", "bsnc", "lsp"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    yield Client(process)
    process.kill()
    process.wait()


def place(text: str, word: str) -> dict[str, int]:
    """The position, in UTF-16 units, of the last occurrence of a word."""
    before = text[: text.rindex(word)]
    line = before.rpartition("\n")[2]
    return {"line": before.count("\n"), "character": len(line.encode("utf-16-le")) // 2}


def test_a_session(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "net.bsn").as_uri()
    capabilities = client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
    assert capabilities["textDocumentSync"]["change"] == 1
    client.send("initialized", {})

    opened = {"uri": uri, "languageId": "bsn", "version": 1, "text": WRONG}
    client.send("textDocument/didOpen", {"textDocument": opened})
    first = client.published()
    (wrong,) = first["diagnostics"]
    assert (first["uri"], first["version"], wrong["code"]) == (uri, 1, "BSN201")
    assert wrong["range"]["start"] == place(WRONG, "widht")

    change = {"textDocument": {"uri": uri, "version": 3}, "contentChanges": [{"text": RIGHT}]}
    client.send("textDocument/didChange", change)
    second = client.published()
    assert second["version"] == 3
    assert {d["severity"] for d in second["diagnostics"]} == {2}

    late = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": "late"}]}
    client.send("textDocument/didChange", late)

    document = {"textDocument": {"uri": uri}}
    shown = client.ask("textDocument/hover", document | {"position": place(RIGHT, "edge image")})
    assert "[3, 8, 8] → [8, 8, 8]" in shown["contents"]["value"]
    found = client.ask("textDocument/definition", document | {"position": place(RIGHT, "𝛼")})
    assert found["uri"] == uri
    assert found["range"]["start"] == place(RIGHT, "𝛼 = width")
    items = client.ask("textDocument/completion", document | {"position": place(RIGHT, "width)")})
    assert {"c = ", "width", "𝛼"} <= {item["label"] for item in items}
    (network,) = client.ask("textDocument/documentSymbol", document)
    assert network["name"] == "net"
    options = {"options": {"tabSize": 2, "insertSpaces": True}}
    (edit,) = client.ask("textDocument/formatting", document | options)
    assert edit["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": RIGHT.count("\n"), "character": 0}}
    assert edit["newText"] == format_source(Source("net.bsn", RIGHT))

    client.send("textDocument/didClose", document)
    assert client.published()["diagnostics"] == []
    client.ask("shutdown")
    client.send("exit", None)
    assert client.process.wait(timeout=30) == 0


def test_positions_are_in_the_units_that_the_editor_prefers(client: Client) -> None:
    general = {"general": {"positionEncodings": ["utf-8", "utf-16"]}}
    answer = client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": general})
    assert answer["capabilities"]["positionEncoding"] == "utf-8"
    opened = {"uri": "untitled:1", "languageId": "bsn", "version": 1, "text": "let 𝛼 = 1 let b = 𝛼 + c"}
    client.send("textDocument/didOpen", {"textDocument": opened})
    (wrong,) = client.published()["diagnostics"]
    assert wrong["range"]["start"] == {"line": 0, "character": len("let 𝛼 = 1 let b = 𝛼 + ".encode())}


def test_it_loads_nothing_heavy() -> None:
    program = "import sys, bsnc.lsp.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "onnx", "scipy", "sklearn", "networkx"} & set(done.stdout.split())


def test_without_pygls_it_says_how_to_get_it() -> None:
    program = (
        "import sys, importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'pygls' else find(name, *rest)\n"
        "sys.argv = ['bsnc', 'lsp']\nfrom bsnc.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'bsnc[lsp]'" in done.stderr

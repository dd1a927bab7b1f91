"""`bsnc new`: every template is a spec that is free of diagnostics and in canonical layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from bsnc.diagnostics import Source
from bsnc.driver.new import network_name, templates
from bsnc.syntax import RESERVED, format_source

TEMPLATES = templates()


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_compile_without_a_warning(bsnc, tmp_path: Path, template: str) -> None:
    run = bsnc("new", "my-net", "--template", template, cwd=tmp_path)
    assert (run.exit, run.stdout) == (0, "wrote my-net.bsn; `bsnc train my-net.bsn` trains it\n")
    compiled = bsnc("compile", "my-net.bsn", cwd=tmp_path)
    assert (compiled.exit, compiled.stderr) == (0, "")
    assert compiled.stdout.startswith("my_net: ")


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_are_in_canonical_layout(template: str) -> None:
    text = TEMPLATES[template]
    assert text.startswith("# ")
    assert format_source(Source(template, text)) == text


def test_templates_train(bsnc, tmp_path: Path) -> None:
    for template in TEMPLATES:
        bsnc("new", template, "--template", template, cwd=tmp_path)
        few = ("--set", "train.epochs=1", "--set", "train.fine_tune=1")
        searched = ("--set", "search.evaluations=5")
        run = bsnc("train", f"{template}.bsn", "-o", f"run_{template}", *few, *searched, cwd=tmp_path)
        assert run.exit == 0, run.stderr


def test_nothing_is_overwritten(bsnc, tmp_path: Path) -> None:
    (tmp_path / "mine.bsn").write_text("# mine\n", encoding="utf-8")
    for name in ("mine", "mine.bsn"):
        assert bsnc("new", name, cwd=tmp_path).exit == 2
    assert (tmp_path / "mine.bsn").read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize(
    ("stem", "name"),
    [("a", "a"), ("my-net 2", "my_net_2"), ("2d", "_2d"), ("größe", "größe"), ("node", "node_"), ("", "_"), ("…", "_")],
)
def test_the_network_is_named_after_the_file(stem: str, name: str) -> None:
    assert network_name(stem) == name
    assert name not in RESERVED

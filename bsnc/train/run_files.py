"""A run on disk: safetensors and JSON. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, fx, nn

from bsnc import __version__
from bsnc.data import Dataset, digest_of
from bsnc.diagnostics import Diagnosed, Diagnostic, Source, first_line
from bsnc.disk import write_atomically, write_json
from bsnc.ir import (
    DataConfig,
    ExternData,
    ExternTeacher,
    Frozen,
    Graph,
    Hardware,
    IrFormatError,
    Program,
    SearchConfig,
    TrainConfig,
    dump_program,
    first_mistake,
    graph_hash,
    load_program,
)
from bsnc.lower import lower_static
from bsnc.ops import EXTERN
from bsnc.passes import ApplyArchitecture

CONFIG = "config.json"
SUMMARY = "summary.json"
"""The last file that a run writes."""


class ArchitectureFile(Frozen):
    """architecture.json: the live edges of the final network, of which S-network, and the gates behind them."""

    format: Literal["bsnc-architecture"] = "bsnc-architecture"
    version: Literal[2] = 2
    network: str
    graph_hash: str
    spec_sha256: str
    live: tuple[str, ...]
    projected: bool
    projection_gap: float = 0.0
    probabilities: dict[str, float | dict[str, float]]


class RunConfig(Frozen):
    """config.json: what a reader needs to repeat a run, and the run to go on. It is the last file that is written
    before a run begins."""

    format: Literal["bsnc-run"] = "bsnc-run"
    version: Literal[1] = 1
    bsnc: str
    seed: int
    spec_sha256: str
    settings: dict[str, Any]
    search: SearchConfig
    train: TrainConfig
    data: DataConfig
    examples: dict[str, int]
    data_sha256: str | None = None
    """Of `digest_of` the data; None in runs of versions that kept none."""
    budgets: tuple[str, ...]
    versions: dict[str, str]
    python: str
    threads: int
    hardware: Hardware = Hardware(device="cpu")


def begin_run(directory: Path, program: Program, sources: Sequence[Source], config: RunConfig) -> None:
    """Write spec, program and config into a directory. Raises OSError."""
    save_sources(directory, sources)
    write_atomically(directory / "ir.json", dump_program(program).encode())
    write_json(directory / CONFIG, config.model_dump(mode="json", by_alias=True))


def config_of(
    program: Program, sources: Sequence[Source], seed: int, dataset: Dataset, hardware: Hardware
) -> RunConfig:
    """Of a run that begins here and now."""
    return RunConfig(
        bsnc=__version__,
        seed=seed,
        spec_sha256=hash_sources(sources),
        settings=dict(program.settings),
        search=program.search,
        train=program.train,
        data=program.data,
        examples=dataset.sizes,
        data_sha256=digest_of(dataset),
        budgets=tuple(str(budget) for budget in program.budgets),
        versions=versions(),
        python=platform.python_version(),
        threads=torch.get_num_threads(),
        hardware=hardware,
    )


def versions() -> dict[str, str]:
    """Of the packages that numbers depend on."""
    return {name: version(name) for name in ("torch", "numpy", "scipy", "scikit-learn", "onnx", "onnxruntime")}


def has_begun(directory: Path) -> bool:
    return (directory / CONFIG).exists()


def load_begun(directory: Path) -> tuple[Program, RunConfig]:
    """What `begin_run` wrote. Raises Diagnosed (BSN503)."""
    try:
        return load_program(_text(directory / "ir.json")), RunConfig.model_validate_json(_text(directory / CONFIG))
    except IrFormatError as error:
        raise _damaged(directory, f"ir.json: {error}") from None
    except ValidationError as error:
        raise _damaged(directory, f"{CONFIG}: {first_mistake(error)}") from None


def hash_sources(sources: Sequence[Source]) -> str:
    """SHA-256 over a spec and the files that it imports, in the order of their first import."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.text.encode())
    return digest.hexdigest()


def save_sources(directory: Path, sources: Sequence[Source]) -> None:
    """The spec as spec.bsn; the files that it imports below `imports`, as they lie beside it."""
    spec, *imported = sources
    write_atomically(directory / "spec.bsn", spec.text.encode())
    for source in imported:
        path = directory / "imports" / os.path.relpath(source.name, Path(spec.name).parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, source.text.encode())


def save_weights(path: Path, module: nn.Module, extra: Mapping[str, Tensor] | None = None) -> None:
    """Parameters and buffers by name, as safetensors, with further tensors beside them."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}
    write_atomically(path, save({**tensors, **(extra or {})}))


def save_run(directory: Path, network: fx.GraphModule, architecture: ArchitectureFile) -> None:
    """The two files from which, with ir.json, a run's network is restored."""
    write_json(directory / "architecture.json", architecture.model_dump(mode="json"))
    save_weights(directory / "weights.safetensors", network)


def require_permission(program: Program, directory: Path, allow_extern: bool) -> None:
    """Raises Diagnosed (BSN217) where a run holds modules or data of the user's own, whose code may not run."""
    if allow_extern:
        return
    own = "data" if isinstance(program.data.source, ExternData) else None
    if program.train.distill is not None and isinstance(program.train.distill.teacher, ExternTeacher):
        own = "a teacher"
    if any(call.op == EXTERN for edge in program.graph.edges for call in edge.module):
        own = "modules"
    if own is not None:
        message = f"the run holds {own} of one's own, which {'need' if own == 'modules' else 'needs'} `--allow-extern`"
        raise Diagnosed(Diagnostic("BSN217", message, subject=str(directory)))


def load_run(directory: Path, allow_extern: bool = False) -> tuple[Program, ArchitectureFile, Graph, fx.GraphModule]:
    """Program, architecture, its graph and its trained network in evaluation mode.

    Raises Diagnosed (BSN503; BSN217 where it holds modules of the user's own that may not run).
    """
    if not any((directory / name).exists() for name in ("ir.json", "architecture.json")):
        help_text = "`bsnc train SPEC -o RUN` makes one"
        raise Diagnosed(Diagnostic("BSN503", "this is no directory of a run", subject=str(directory), help=help_text))
    if has_begun(directory) and not any((directory / name).exists() for name in ("weights.safetensors", SUMMARY)):
        help_text = f"`bsnc train --resume {directory}` goes on with it"
        raise Diagnosed(Diagnostic("BSN503", "the run is not finished", subject=str(directory), help=help_text))
    try:
        program = load_program(_text(directory / "ir.json"))
        require_permission(program, directory, allow_extern)
        architecture = ArchitectureFile.model_validate_json(_text(directory / "architecture.json"))
        if architecture.graph_hash != graph_hash(program.graph):
            raise _damaged(directory, "architecture.json is of another network than ir.json")
        graph = ApplyArchitecture(architecture.live).run(program.graph).graph
        if {edge.name for edge in graph.edges} != set(architecture.live):
            raise _damaged(directory, "architecture.json names edges that are no architecture of this network")
        network = lower_static(graph)
        network.load_state_dict(_tensors(directory / "weights.safetensors"))
    except IrFormatError as error:
        raise _damaged(directory, f"ir.json: {error}") from None
    except ValidationError as error:
        raise _damaged(directory, f"architecture.json: {first_mistake(error)}") from None
    except (RuntimeError, ValueError) as error:
        raise _damaged(directory, f"weights.safetensors: {first_line(error)}") from None
    network.eval()
    return program, architecture, graph, network


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path.parent, f"cannot read {path.name}: {reason(error)}") from None


def _tensors(path: Path) -> dict[str, Any]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise _damaged(path.parent, f"cannot read {path.name}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """An operating-system error in its own words, without the errno and path around them."""
    return error.strerror if isinstance(error, OSError) and error.strerror else first_line(error)


def _damaged(directory: Path, message: str) -> Diagnosed:
    help_text = "what is damaged cannot be mended: train anew, into another directory"
    return Diagnosed(Diagnostic("BSN503", message, subject=str(directory), help=help_text))

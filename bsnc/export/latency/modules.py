"""The own time of a module: what one more edge with it adds to a node that is live anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import onnx

from bsnc.export.latency.assemble import copies
from bsnc.export.latency.cache import load, store
from bsnc.export.latency.fragments import Fragments, Module
from bsnc.export.latency.setting import Setting
from bsnc.export.latency.timing import Pace, Step, quiet_times
from bsnc.ir import Frozen

FEW, MANY = 2, 6
"""How many edges with the same module, added up, are compared."""


class OwnTime(Frozen):
    """Seconds that one more edge with a module takes."""

    setting: Setting
    module: str
    seconds: float


def own_times(
    modules: Mapping[str, Module], fragments: Fragments, setting: Setting, pace: Pace, fresh: bool, step: Step
) -> dict[str, float]:
    """Seconds by `module_key`: those known from the cache unless `fresh`, the others measured and kept.

    The own time is the slope between FEW and MANY edges from one source into a sum: a module alone would be charged
    the call of ONNX Runtime and the conversion of its input to another memory layout and back, once an edge.
    """
    known = {} if fresh else {key: time.seconds for key in modules if (time := load(OwnTime, _key(setting, key)))}
    missing = {key: module for key, module in modules.items() if key not in known}
    for i, module in enumerate(missing.values()):
        step("exporting modules", i, len(missing))
        fragments.prepare(module)
    models: list[Callable[[], onnx.ModelProto]] = [
        partial(copies, module, count, fragments) for module in missing.values() for count in (FEW, MANY)
    ]
    if models:
        total = len(models) * pace.rounds
        times = quiet_times(models, setting, pace, lambda done: step("timing modules", done, total))
        slopes = (times[1::2] - times[::2]) / (MANY - FEW)
        for key, seconds in zip(missing, slopes.clip(min=0).tolist(), strict=True):
            known[key] = seconds
            store(OwnTime(setting=setting, module=key, seconds=seconds), _key(setting, key))
    return {key: known[key] for key in modules}


def _key(setting: Setting, module: str) -> tuple[str, str]:
    return setting.model_dump_json(), module

"""How long a run is going to take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsnc.train import Stage

RECENT = 20
"""Steps that tell how long one takes: those before, of a run that goes on, may have been known already."""


class Eta:
    """The seconds that are left of stages that follow one another.

    Steps of the present stage are as long as its last ones. Those of later ones, and the first, are guessed by their
    work, from the stage that was measured last.
    """

    def __init__(self, stages: tuple[Stage, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self._stages, self._clock = stages, clock
        self._at, self._done = 0, 0
        self._marks: deque[tuple[float, int]] = deque(maxlen=RECENT + 1)
        self._pace: float | None = None
        """Seconds per work."""

    def reached(self, stage: str, done: int) -> None:
        """So many steps of a stage are done; nothing happens where no stage has that name."""
        names = [each.name for each in self._stages]
        if stage not in names:
            return
        if names.index(stage) != self._at:
            self._at = names.index(stage)
            self._marks.clear()
        self._done = done
        self._marks.append((self._clock(), done))
        a_step = self._a_step()
        if a_step is not None:
            self._pace = a_step / self._stages[self._at].work

    @property
    def left(self) -> float | None:
        """Seconds from now; None before the first step."""
        if self._pace is None or not self._marks:
            return None
        present, later = self._stages[self._at], self._stages[self._at + 1 :]
        steps = (present.steps - self._done) * present.work
        work = steps + sum(stage.steps * stage.work for stage in later)
        since = self._clock() - self._marks[-1][0]
        return max(0.0, self._pace * work - since)

    @property
    def share(self) -> float:
        """Of the work that is done, 0 to 1; 1 where there is none."""
        whole = sum(stage.steps * stage.work for stage in self._stages)
        before = sum(stage.steps * stage.work for stage in self._stages[: self._at])
        present = self._done * self._stages[self._at].work if self._stages else 0.0
        return (before + present) / whole if whole else 1.0

    def _a_step(self) -> float | None:
        (start, before), (end, done) = self._marks[0], self._marks[-1]
        return (end - start) / (done - before) if done > before else None

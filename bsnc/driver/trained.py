"""What a finished run leaves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from bsnc.export import Certificate
from bsnc.train import RunResult


@dataclass(frozen=True)
class Trained:
    """A finished run and the model that it shipped."""

    directory: Path
    model: Path
    result: RunResult
    certificate: Certificate

    def as_json(self) -> dict[str, object]:
        """The shape of `train --json`."""
        verdict = self.result.verdict
        return {
            "run": str(self.directory),
            "model": str(self.model),
            "certificate": str(self.model.with_name("certificate.json")),
            "test": self.result.test.as_json(),
            "test_inherited": self.result.inherited.as_json(),
            "test_mirrored": self.result.final.mirrored.as_json() if self.result.final.mirrored else None,
            "compared": {
                origin: {**found.as_json(), "exported": origin == self.result.program.train.final}
                for origin, found in self.result.final.compared.items()
            },
            "budgets": [
                row.model_dump() | outcome.as_json()
                for row, outcome in zip(self.certificate.budgets, self.result.budgets, strict=True)
            ],
            "verdict": asdict(verdict),
            "projected": self.result.architecture.projected,
            "projection_gap": self.result.architecture.projection_gap,
            "inconsistent_samples": self.result.inconsistent,
            "evaluations": self.result.evaluations,
            "parity": self.certificate.parity.max_abs_diff,
            "data": self.result.dataset.sizes,
            "seconds": round(self.result.seconds, 2),
        }

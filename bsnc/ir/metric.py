"""What is told of a network on a split: names as in JSON, titles and formats as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """`is_share`: a number of at most 1, told as a percentage; others have the unit of the target or none."""

    title: str
    is_share: bool


METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", True),
    "mean_iou": Metric("mean IoU", True),
    "pixel_accuracy": Metric("pixel accuracy", True),
    "rmse": Metric("RMSE", False),
    "mae": Metric("MAE", False),
    "r2": Metric("R²", False),
}
"""Every metric of every task."""


def metrics_text(values: Mapping[str, float]) -> str:
    """`99.11%` of the accuracy of classes, which alone goes without its name; else `mean IoU 61.20%, pixel accuracy
    88.03%` or `RMSE 3.214, MAE 2.5, R² 0.8712`."""
    if [*values] == ["accuracy"]:
        return f"{values['accuracy']:.2%}"
    return ", ".join(f"{METRICS[name].title} {_number(name, value, 2)}" for name, value in values.items())


def metrics_in_short(values: Mapping[str, object]) -> list[str]:
    """`accuracy 99.1%` for each metric among some values."""
    return [
        f"{METRICS[name].title} {_number(name, value, 1)}"
        for name, value in values.items()
        if name in METRICS and isinstance(value, float)
    ]


def _number(name: str, value: float, decimals: int) -> str:
    return f"{value:.{decimals}%}" if METRICS[name].is_share else f"{value:.4g}"

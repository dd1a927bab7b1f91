"""Latency in ONNX Runtime: measured on files, and predicted for architectures from what their parts take."""

from bsnc.export.latency.fragments import Fragments
from bsnc.export.latency.profile import ModuleTime, Pair, Plan, Profile, load_profile, profile_graph
from bsnc.export.latency.setting import Setting
from bsnc.export.latency.timing import LatencyMeasurement, Pace, Step, measure_latency

__all__ = [
    "Fragments",
    "LatencyMeasurement",
    "ModuleTime",
    "Pace",
    "Pair",
    "Plan",
    "Profile",
    "Setting",
    "Step",
    "load_profile",
    "measure_latency",
    "profile_graph",
]

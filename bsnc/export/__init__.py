"""ONNX export, certificate, and verification of a model file. The only package that knows onnx."""

from bsnc.export.certificate import Bounds, BudgetRow, Certificate
from bsnc.export.export import Deployment, export_model
from bsnc.export.latency import (
    Fragments,
    LatencyMeasurement,
    ModuleTime,
    Pace,
    Pair,
    Plan,
    Profile,
    Setting,
    Step,
    load_profile,
    measure_latency,
    profile_graph,
)
from bsnc.export.metadata import Provenance, read_provenance
from bsnc.export.parity import TOLERANCE, Parity, run_onnx
from bsnc.export.recount import recount
from bsnc.export.teacher import check_teacher, load_teacher, module_teacher
from bsnc.export.verify import Verification, read_model, verify_model

__all__ = [
    "TOLERANCE",
    "Bounds",
    "BudgetRow",
    "Certificate",
    "Deployment",
    "Fragments",
    "LatencyMeasurement",
    "ModuleTime",
    "Pace",
    "Pair",
    "Parity",
    "Plan",
    "Profile",
    "Provenance",
    "Setting",
    "Step",
    "Verification",
    "check_teacher",
    "export_model",
    "load_profile",
    "load_teacher",
    "measure_latency",
    "module_teacher",
    "profile_graph",
    "read_model",
    "read_provenance",
    "recount",
    "run_onnx",
    "verify_model",
]

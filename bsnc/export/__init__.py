"""ONNX export, certificate, and verification of a model file. The only package that knows onnx."""

from bsnc.export.certificate import BudgetRow, Certificate
from bsnc.export.export import Deployment, export_model
from bsnc.export.metadata import Provenance, read_provenance
from bsnc.export.parity import TOLERANCE, Parity, run_onnx
from bsnc.export.recount import recount
from bsnc.export.verify import Verification, read_model, verify_model

__all__ = [
    "TOLERANCE",
    "BudgetRow",
    "Certificate",
    "Deployment",
    "Parity",
    "Provenance",
    "Verification",
    "export_model",
    "read_model",
    "read_provenance",
    "recount",
    "run_onnx",
    "verify_model",
]

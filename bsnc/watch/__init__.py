"""What is made of the progress of a run beside its own files: logs for other tools, and the time that is left."""

from bsnc.watch.eta import Eta
from bsnc.watch.logs import BACKENDS, LOGS, Logs, kept_logs, require_packages

__all__ = ["BACKENDS", "LOGS", "Eta", "Logs", "kept_logs", "require_packages"]

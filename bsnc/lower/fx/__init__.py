"""torch.fx passes, one file each."""

from bsnc.lower.fx.fold_batch_norm import fold_batch_norm

__all__ = ["fold_batch_norm"]

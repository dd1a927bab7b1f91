"""torch.fx passes, one file each."""

from bsnc.lower.fx.fold_batch_norm import fold_batch_norm
from bsnc.lower.fx.join_upsampling import join_upsampling

__all__ = ["fold_batch_norm", "join_upsampling"]

"""Mean and spread of what is known, by which a network puts styles on one scale."""

from torch import Tensor


def mean_and_std(styles: Tensor) -> tuple[Tensor, Tensor]:
    """(S,) and (S,) of the known ones among styles (P, S), where nan is unknown; the standard
    deviation is at least 1e-3, so that dividing by it is safe."""
    count = (~styles.isnan()).sum(0).clamp(min=1)
    mean = styles.nansum(0) / count
    return mean, ((styles - mean) ** 2).nansum(0).div(count).sqrt().clamp(min=1e-3)

"""How the amplitudes of biological molecules run with resolution: level on average, with the marks of their folds.

Atoms at random would have amplitudes that only fall as those of one atom do (Wilson 1942, Nature 150:152). In a molecule the helices
stand 10 Å apart, the strands 4.7 Å, and between 9 and 6 Å nothing repeats: its amplitudes dip there by a tenth and rise by a third at
4.5 Å. Below 15 Å its shape adds to them. A straight line through a part of such a curve is off by as much as the part is short.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

#: Å: the table's ends. Coarser, the shape of the one molecule counts; finer, the last value holds.
COARSEST, FINEST = 28.0, 2.41
#: Å⁻¹ of the table's first row, and from row to row.
_FIRST, _STEP = 0.035, 0.01
#: ln amplitude by shells of 0.01 Å⁻¹, level on average from 10 to 2.5 Å: the mean of seven structures at rest in ice (atoms of PDB
#: 8BK7, 3J9I, 7L2I, 7A4M and three parts of 6ZU5; five-Gaussian scattering factors, hydrogens, displaced ice), made by
#: benchmarks/molecular_amplitudes.py. They scatter about it by 0.05 to 0.1, up to 0.2 coarser than 11 Å.
_LOG_AMPLITUDE = (
    1.21, 0.80, 0.49, 0.39, 0.30, 0.25, 0.21, 0.11, 0.04, -0.02, -0.05, -0.07, -0.08, -0.03, 0.01, 0.12, 0.21, 0.27, 0.29, 0.28,
    0.25, 0.22, 0.17, 0.14, 0.11, 0.06, 0.02, -0.02, -0.07, -0.12, -0.17, -0.21, -0.25, -0.28, -0.30, -0.33, -0.33, -0.33, -0.34,
)  # fmt: skip


def molecular_log_amplitude(k: Tensor) -> Tensor:
    """ln of the mean amplitude of a molecule in ice whose atoms are at rest, but for a constant.

    Parameters
    ----------
    k
        Å⁻¹, any shape; between the table's rows linear, beyond its ends (28 and 2.4 Å) the outermost value.

    Returns
    -------
    Tensor
        float64, as ``k``, 0 on average from 10 to 2.5 Å. The structures it was made of depart from it by 0.05 to 0.1.
    """
    rows = _FIRST + _STEP * np.arange(len(_LOG_AMPLITUDE))
    return torch.from_numpy(np.interp(k.double().cpu().numpy(), rows, _LOG_AMPLITUDE)).to(k.device)

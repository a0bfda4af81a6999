r"""Iterative data refinement: images as they would be without a CTF, in turn with the map that they give.

Phases are flipped first, so that transfer is |c|. Then data y_i take from the map what the CTF has taken from them, and the map is made
of the data again (Sorzano et al. 2004, Phys. Med. Biol. 49:509):

    y_i ← P_i V + μ (x_i − |c_i| P_i V),   V ← map of all y_i,

x_i the flipped images and P_i V reprojections. Where a map is the mean of its data, V ends at Σ x_i / Σ |c_i|: without noise, and where
not every |c_i| is 0, the object itself. The error shrinks by 1 − μ ⟨|c|⟩ each time; noise grows as 1 / ⟨|c|⟩ does, which is why one
stops early.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from vitreous.errors import require


def refined_data(
    flipped: Tensor, transfer: Tensor, reproject: Callable[[Tensor], Tensor], *, iterations: int = 10, relaxation: float = 1.0
) -> Tensor:
    """Refine data.

    Parameters
    ----------
    flipped
        Transforms of phase-flipped images, complex ``(n, K)``.
    transfer
        |c|, of the same shape.
    reproject
        Makes the map of data that need no correction any more, and gives its projections in the data's directions: ``(n, K)`` to
        ``(n, K)``. Linear.
    iterations
        At least 1.
    relaxation
        μ, above 0 and at most 1.

    Returns
    -------
    Tensor
        y after the last iteration, ``(n, K)``.

    Raises
    ------
    InputError
        If a value is out of its range or the shapes differ.
    """
    same = transfer.shape == flipped.shape
    require(same, "the shape of the transfer", tuple(transfer.shape), f"that of the data, {tuple(flipped.shape)}")
    require(iterations >= 1, "iterations", iterations, "at least 1")
    require(0 < relaxation <= 1, "relaxation", relaxation, "above 0 and at most 1")
    data = flipped
    for _ in range(iterations):
        seen = reproject(data)
        data = seen + relaxation * (flipped - transfer * seen)
    return data

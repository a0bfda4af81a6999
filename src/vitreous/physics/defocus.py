r"""Defocus as a symmetric matrix: χ's part is πλ kᵀ Z k, so that a change of frame k' = M k gives Z' = M⁻ᵀ Z M⁻¹.

Z = z 1 + a (1, 0; 0, −1) + b (0, 1; 1, 0): the mean z = (u + v) / 2 and the astigmatism (u − v) / 2 along and across the axes.
"""

from __future__ import annotations

import numpy as np

from vitreous.data.micrograph import Micrograph


def components(defocus: np.ndarray) -> np.ndarray:
    """(z, a, b) in Å ``(n, 3)`` of defocus ``(n, 4)``: u and v in Å, angle in degrees."""
    u, v, angle = defocus[:, 0], defocus[:, 1], np.deg2rad(2 * defocus[:, 2])
    return np.stack([0.5 * (u + v), 0.5 * (u - v) * np.cos(angle), 0.5 * (u - v) * np.sin(angle)], 1)


def from_components(parts: np.ndarray, plate: np.ndarray) -> np.ndarray:
    """Defocus ``(n, 4)``, u ≥ v, the angle in [0, 180), of (z, a, b) and phase shifts ``(n,)`` in degrees."""
    z, a, b = parts.T
    half = np.hypot(a, b)
    return np.stack([z + half, z - half, np.rad2deg(0.5 * np.arctan2(b, a)) % 180, plate], 1)


def in_other_frame(defocus: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Defocus ``(n, 4)`` after frequencies went from k to ``matrix`` k: the same χ at the same place of the image."""
    z, a, b = components(defocus).T
    tensor = np.stack([np.stack([z + a, b], -1), np.stack([b, z - a], -1)], -2)
    back = np.linalg.inv(matrix)
    moved = back.T @ tensor @ back
    parts = np.stack([0.5 * (moved[:, 0, 0] + moved[:, 1, 1]), 0.5 * (moved[:, 0, 0] - moved[:, 1, 1]), moved[:, 0, 1]], 1)
    return from_components(parts, defocus[:, 3])


def at_places(micrograph: Micrograph, place: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Defocus ``(n, 4)`` at places in a micrograph, which differs from place to place where the specimen is tilted.

    z(x, y) = z₀ + slope · ((x, y) − middle), of u and of v (Philippsen et al. 2007, Ultramicroscopy 107:202).

    Parameters
    ----------
    micrograph
        Its defocus is that of the middle, pixel (size − 1) / 2; without one everything is NaN.
    place
        ``(n, 2)``: x and y in pixels.
    shape
        (y, x) of the micrograph in pixels.
    """
    d = micrograph.defocus
    row = [np.nan] * 4 if d is None else [d.u, d.v, d.angle_deg, d.phase_shift_deg]
    table = np.tile(np.array(row, dtype=np.float64), (len(place), 1))
    middle = 0.5 * (np.array(shape[::-1]) - 1)
    higher = (np.asarray(place, dtype=np.float64) - middle) @ np.array(micrograph.defocus_slope) * micrograph.optics.pixel_size
    table[:, :2] += higher[:, None]
    return table

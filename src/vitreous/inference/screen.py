"""Which particle images cannot be used, and which are there twice."""

from __future__ import annotations

import numpy as np

from vitreous.data.particles import Particles
from vitreous.inference.load import read_blocks

#: Foreign column of the optics table that says how large the micrographs' pixels were.
MICROGRAPH_PIXEL = "rlnMicrographOriginalPixelSize"


def not_finite(particles: Particles) -> np.ndarray:
    """Rows of particles whose image has NaN or infinities, int64, in order. Reads every image once.

    Raises
    ------
    InputError
        If particles have no images, or images of different sizes.
    """
    found = [np.zeros(0, np.int64)]
    for at, block in read_blocks(particles, np.arange(len(particles))):
        # a sum is finite only if its terms are: float64 cannot overflow on float32 terms, and no table of flags is made
        found.append(at[~np.isfinite(block.sum((1, 2), dtype=np.float64))])
    return np.concatenate(found)


def same_image(particles: Particles) -> np.ndarray:
    """Group of each particle, int64 ``(n,)``: particles of one group are one image of one stack; −1 where there is only one."""
    if particles.stack_index is None or particles.slice_index is None:
        return np.full(len(particles), -1)
    return _groups(np.stack([particles.stack_index, particles.slice_index], 1))


def same_place(particles: Particles, nearer: float) -> np.ndarray:
    """Group of each particle, int64 ``(n,)``: those of one micrograph whose centres chain up nearer than ``nearer`` Å; −1 if alone.

    A centre is the coordinate plus the shift, where there is one. Coordinates are in pixels of the micrograph, taken to be those of
    the images where the table does not say otherwise: for binned images that makes distances too large, and finds fewer.
    """
    alone = np.full(len(particles), -1)
    if particles.micrograph_index is None or particles.coordinate is None:
        return alone
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    pixel = particles.optics_extra.get(MICROGRAPH_PIXEL)
    scale = particles.pixel_size if pixel is None else pixel.astype(float)[particles.group, None]
    centre = particles.coordinate * scale + (0 if particles.shift is None else particles.shift)
    # micrographs are laid far apart on a third axis: one tree for all
    apart = particles.micrograph_index.astype(float) * 10 * max(nearer, 1.0)
    pairs = KDTree(np.column_stack([centre, apart])).query_pairs(nearer, output_type="ndarray")
    if not len(pairs):
        return alone
    n = len(particles)
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), (n, n))
    return _groups(connected_components(graph, directed=False)[1][:, None])


def across(group: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Whether each particle has a twin in the other half-set, ``(n,)``.

    Parameters
    ----------
    group
        Of :func:`same_image` or :func:`same_place`.
    half
        Half-set of each particle, 1 or 2.
    """
    both = np.intersect1d(group[half == 1], group[half == 2])
    return np.isin(group, both[both >= 0])


def together(half: np.ndarray, *groups: np.ndarray) -> np.ndarray:
    """The half-sets with all that is linked by any of the groups put where its first particle is."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(half)
    links = [np.zeros((0, 2), np.int64)]
    for group in groups:
        twins = np.flatnonzero(group >= 0)
        _, first, inverse = np.unique(group[twins], return_index=True, return_inverse=True)
        links.append(np.stack([twins, twins[first][inverse]], 1))
    pairs = np.concatenate(links)
    label = connected_components(coo_matrix((np.ones(len(pairs)), pairs.T), (n, n)), directed=False)[1]
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return half[first][inverse]


def _groups(keys: np.ndarray) -> np.ndarray:
    """Number of the group of equal rows of ``keys`` ``(n, k)``, −1 for rows that occur once."""
    _, inverse, count = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    more = np.cumsum(count > 1) - 1
    return np.where(count[inverse] > 1, more[inverse], -1).astype(np.int64)

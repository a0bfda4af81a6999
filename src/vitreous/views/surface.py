r"""The surface of a map, rendered by walking along rays: a picture that looks like a molecule.

Orthographic rays walk towards the object in steps that the distance to the nearest solid voxel allows (Hart 1996, The Visual
Computer 12:527), and stop where the map, interpolated trilinearly, passes the level. Light is Lambert's, from two lamps and the
sky; hollows are darker by the share of solid in a ball before the surface (ambient occlusion), what is farther fades, and
outlines are drawn where the depth jumps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.resample import centre_resize, fourier_resize
from vitreous.views.ray_march import march

FINEST, COARSEST = 176, 256  # voxels a side that are rendered
RADIAL = ((50, 80, 168), (40, 118, 192), (86, 178, 214), (190, 226, 232), (250, 238, 214))

#: Colours of the lamps and of the sky, and how bright the picture is.
SUN, AIR, EXPOSURE = torch.tensor([1.06, 1.0, 0.92]), torch.tensor([0.88, 0.98, 1.14]), 1.5


@dataclass(frozen=True)
class Solid:
    """A map made ready for rays: cube of ``n`` voxels, coordinates −1 to 1 along each axis.

    Parameters
    ----------
    values
        ``(n, n, n)``, minus the level: positive inside.
    steps
        ``(m, m, m)``: how far, in voxels of ``values``, a ray may go from there.
    solid
        Two blurred copies of the inside, ``(2, m, m, m)``, for hollows.
    centre
        (x, y, z) of the object's middle in voxels from the cube's.
    radius
        Of the ball about ``centre`` that holds the object, voxels.
    corners
        Some points of the object relative to ``centre``, ``(p, 3)``: enough to tell how far it reaches in any view.
    """

    values: Tensor
    steps: Tensor
    solid: Tensor
    centre: Tensor
    radius: float
    corners: Tensor

    def reach(self, rotation: ArrayLike) -> float:
        """Largest distance from the middle of a picture, across or up, in voxels, with a margin of 4 %."""
        turned = self.corners @ torch.as_tensor(np.asarray(rotation, dtype=np.float32)).T
        return 1.04 * float(turned[:, :2].abs().max())


def _without_dust(values: NDArray, level: float) -> NDArray:
    """Sink islands smaller than 1 % of the largest below the level."""
    from scipy.ndimage import label

    names, count = label(values > level)
    if count <= 1:
        return values
    sizes = np.bincount(names.ravel())
    sizes[0] = 0
    return np.where((sizes < 0.01 * sizes.max())[names] & (names > 0), 2 * level - values, values)


def prepare(volume: ArrayLike, level: float) -> Solid | None:
    """Resample a map for rendering; None if nothing is above the level.

    Raises
    ------
    InputError
        If the map is not three-dimensional.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter, maximum_filter

    array = torch.as_tensor(np.nan_to_num(np.asarray(volume, dtype=np.float32)))
    require(array.ndim == 3, "a map", tuple(array.shape), "three-dimensional (z, y, x)")
    side = max(array.shape)
    array = centre_resize(array, side, axes=3, fill=float(array.min()))
    size = int(np.clip(side, FINEST, COARSEST))
    if size != side:
        array = fourier_resize(array, (size,) * 3)
    values = (_without_dust(array.numpy(), level) - level).astype(np.float32)
    inside = values > 0
    if not inside.any():
        return None
    coarse = maximum_filter(inside, 3)[::2, ::2, ::2]
    steps = 2 * np.maximum(distance_transform_edt(~coarse) - 2.0, 0.0)
    places = np.argwhere(coarse)[:, ::-1] * 2.0
    middle = 0.5 * (places.min(0) + places.max(0))
    away = np.sqrt(((places - middle) ** 2).sum(1))
    radius = float(away.max()) + 2
    corners = (places - middle)[away > 0.6 * radius].astype(np.float32)
    small = torch.as_tensor(inside.astype(np.float32))[None, None]
    half = torch.nn.functional.avg_pool3d(small, 2, ceil_mode=True)[0, 0].numpy()
    blurred = np.stack([gaussian_filter(half, radius * share / 2) for share in (0.035, 0.11)])
    return Solid(torch.as_tensor(values), torch.as_tensor(steps.astype(np.float32)), torch.as_tensor(blurred),
                 torch.as_tensor(middle.astype(np.float32)), radius, torch.as_tensor(corners))  # fmt: skip


def _look(field: Tensor, places: Tensor, size: int) -> Tensor:
    """Trilinear values of ``field`` ``(c, m, m, m)`` at voxel coordinates (x, y, z) ``(p, 3)`` of a cube of ``size``: ``(c, "
    "p)``."""
    grid = (places / (size - 1) * 2 - 1)[None, None, None]
    mode = {"mode": "bilinear", "padding_mode": "border", "align_corners": True}
    return torch.nn.functional.grid_sample(field[None], grid, **mode)[0, :, 0, 0]


def _slope(solid: Solid, places: Tensor, width: float = 1.2) -> Tensor:
    """Outward unit normals: minus the gradient of the map, by differences ``width`` voxels apart on each side."""
    size = solid.values.shape[0]
    steps = torch.eye(3) * width
    pairs = [_look(solid.values[None], places + s, size)[0] - _look(solid.values[None], places - s, size)[0] for s in steps]
    return torch.nn.functional.normalize(-torch.stack(pairs, -1), dim=-1)


def _unit(*values: float) -> Tensor:
    vector = torch.tensor(values)
    return vector / vector.norm()


def _tint(share: Tensor) -> Tensor:
    """Colour of the core (0) to the rim (1), linear between the entries of ``RADIAL``; ``(p, 3)``, 0 to 1."""
    table = torch.tensor(RADIAL) / 255.0
    at = share.clamp(0, 1) * (len(RADIAL) - 1)
    low = at.floor().long().clamp_max(len(RADIAL) - 2)
    return table[low] + (at - low)[:, None] * (table[low + 1] - table[low])


def _light(solid: Solid, places: Tensor, rotation: Tensor, depth: Tensor) -> Tensor:
    """RGB 0 to 1 of points on the surface, ``(p, 3)``."""
    size = solid.values.shape[0]
    outward = _slope(solid, places)
    normal = outward @ rotation.T
    key, fill = _unit(-0.45, 0.65, 0.85), _unit(0.8, -0.1, 0.5)
    lambert = (normal @ key).clamp_min(0) * 0.62 + (normal @ fill).clamp_min(0) * 0.16
    sky = 0.20 + 0.10 * normal[:, 1]
    shine = (normal @ _unit(*(key + torch.tensor([0.0, 0.0, 1.0])).tolist())).clamp_min(0) ** 28 * 0.14
    near, far = (_look(solid.solid[i : i + 1], places + outward * solid.radius * share, size)[0]
                 for i, share in ((0, 0.03), (1, 0.10)))  # fmt: skip
    open_sky = (1.12 - 1.05 * near).clamp(0.25, 1) * (1.10 - 1.25 * far).clamp(0.25, 1)
    fog = (1.0 - 0.42 * depth / (2 * solid.radius)).clamp(0, 1)
    away = ((places - solid.centre).norm(dim=-1) / solid.radius - 0.28) / 0.64
    light = lambert[:, None] * SUN + sky[:, None] * AIR
    return (_tint(away) * light * (open_sky * fog)[:, None] * EXPOSURE + (shine * open_sky)[:, None]).clamp(0, 1)


def _outlines(depth: NDArray, hit: NDArray, radius: float) -> NDArray:
    """Darkening, 0 to 1, where something in front ends: at jumps of the depth, and at the rim."""
    from scipy.ndimage import minimum_filter

    jump = depth - minimum_filter(np.where(hit, depth, 4 * radius), 3)
    return np.where(hit, np.clip((jump - 0.06 * radius) / (0.12 * radius), 0, 1), 0.0)


def surface_image(solid: Solid, rotation: ArrayLike, *, size: int = 420, reach: float | None = None) -> NDArray[np.uint8]:
    """Picture of the surface from the front, +z of the turned object.

    Parameters
    ----------
    solid
        From :func:`prepare`.
    rotation
        ``(3, 3)``: turns the object before it is seen.
    size
        Pixels a side; rays are twice as dense.
    reach
        Voxels of ``solid`` from the middle of the picture to its edge; its radius without it.

    Returns
    -------
    ndarray
        uint8 RGBA ``(size, size, 4)``, transparent where nothing is; row 0 at the bottom.
    """
    turned = torch.as_tensor(np.asarray(rotation, dtype=np.float32))
    rays = 2 * size
    line = ((torch.arange(rays) + 0.5) / rays * 2 - 1) * (reach or solid.radius)
    v, u = torch.meshgrid(line, line, indexing="ij")
    start = torch.stack([u, v, torch.full_like(u, solid.radius)], -1).reshape(-1, 3) @ turned + solid.centre
    direction = -turned[2]
    wanted = (u**2 + v**2).flatten() <= solid.radius**2
    depth, hit = torch.full((rays * rays,), 0.0), torch.zeros(rays * rays, dtype=torch.bool)
    found = march(solid.values.numpy(), solid.steps.numpy(), start[wanted].numpy(), direction.numpy(), 2 * solid.radius)
    depth[wanted], hit[wanted] = (torch.from_numpy(each) for each in found)
    colour = torch.zeros(rays * rays, 3)
    colour[hit] = _light(solid, start[hit] + depth[hit, None] * direction, turned, depth[hit])
    edge = _outlines(depth.view(rays, rays).numpy(), hit.view(rays, rays).numpy(), solid.radius)
    shaded = colour.view(rays, rays, 3).numpy() * (1 - 0.7 * edge[..., None])
    cover = hit.view(rays, rays).numpy().astype(np.float32)
    return halved(shaded, cover)


def halved(colour: NDArray, cover: NDArray) -> NDArray[np.uint8]:
    """Mean of 2 × 2 pixels, colours weighted by cover."""

    def mean(values: NDArray) -> NDArray:
        return values.reshape(values.shape[0] // 2, 2, values.shape[1] // 2, 2, -1).mean((1, 3))

    alpha = mean(cover)
    rgb = mean(colour * cover[..., None]) / np.maximum(alpha, 1e-6)
    return (np.concatenate([rgb.clip(0, 1), alpha], -1) * 255 + 0.5).astype(np.uint8)


def turn(axis: str, degrees: float) -> NDArray:
    """Rotation about "x" or "y"."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]] if axis == "x" else [[c, 0, s], [0, 1, 0], [-s, 0, c]])

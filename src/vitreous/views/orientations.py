"""From which sides the particles were seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.numerics.group_rotations import group_rotations
from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Bars, Ellipse, Line, Mark, Note, Picture, Rule

#: Half axes of Hammer's ellipse.
WIDE, HIGH = 2 * math.sqrt(2.0), math.sqrt(2.0)


def hammer(rot_deg: ArrayLike, tilt_deg: ArrayLike) -> tuple[NDArray, NDArray]:
    """Hammer's equal-area map of the sphere.

    With latitude φ = 90° − tilt and longitude λ = rot: x = 2√2 cos φ sin(λ/2) / w, y = √2 sin φ / w, w² = 1 + cos φ cos(λ/2).

    References
    ----------
    Snyder, Map Projections: A Working Manual (USGS 1987), p. 182, the Lambert azimuthal projection halved.
    """
    longitude, latitude = np.deg2rad(np.asarray(rot_deg, float)), np.deg2rad(90 - np.asarray(tilt_deg, float))
    w = np.sqrt(1 + np.cos(latitude) * np.cos(longitude / 2))
    return WIDE * np.cos(latitude) * np.sin(longitude / 2) / w, HIGH * np.sin(latitude) / w


def inverse_hammer(x: NDArray, y: NDArray) -> NDArray:
    """Unit vectors ``(..., 3)`` of points of the map; NaN outside the ellipse."""
    inside = (x / WIDE) ** 2 + (y / HIGH) ** 2 <= 1
    z = np.sqrt(np.where(inside, 1 - (x / 4) ** 2 - (y / 2) ** 2, np.nan))
    longitude = 2 * np.arctan2(z * x, 2 * (2 * z**2 - 1))
    latitude = np.arcsin(np.clip(z * y, -1, 1))
    flat = np.cos(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], -1)


def viewing_directions(rotations: ArrayLike, symmetry: str) -> NDArray:
    """Directions from which the object is seen, the third rows of the matrices, with all their symmetric copies: ``(n, 3)``."""
    rows = np.asarray(rotations, dtype=float).reshape(-1, 3, 3)[:, 2]
    _, copies = group_rotations(symmetry)
    return np.einsum("ni,gij->gnj", rows, copies).reshape(-1, 3)


def _bins(count: int) -> int:
    """HEALPix nside that puts about six directions into a pixel, 4 to 16."""
    return int(np.clip(2 ** round(math.log2(max(1.0, math.sqrt(count / 72)))), 4, 16))


def coverage(directions: NDArray, nside: int) -> tuple[NDArray, NDArray]:
    """Directions per HEALPix pixel over even coverage, smoothed over one pixel.

    Returns
    -------
    centres, density
        ``(12 nside², 3)`` and ``(12 nside²,)``; the mean density is 1 (0 without directions).
    """
    from vitreous.numerics.so3_grid import healpix

    phi, theta = np.deg2rad(np.asarray(healpix(nside))).T
    centres = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1)
    # exp(κ (cos γ − 1)), the von Mises-Fisher kernel, as wide as a pixel: κ = 1 / spacing²
    kappa = 12 * nside**2 / (4 * math.pi)
    density = np.zeros(len(centres))
    for part in np.array_split(directions, max(1, len(directions) // 4096)):
        density += np.exp(kappa * (centres @ part.T - 1)).sum(1)
    return centres, density / density.mean() if density.any() else density


def graticule() -> list[Mark]:
    """Meridians, parallels and the rim of Hammer's map, with their names."""
    marks: list[Mark] = []
    for rot in range(-120, 180, 60):
        x, y = hammer(np.full(61, rot), np.linspace(0, 180, 61))
        marks.append(Line(x=x, y=y, colour="white", width=0.6, opacity=0.35))
    for tilt in (30, 60, 90, 120, 150):
        x, y = hammer(np.linspace(-180, 180, 91), np.full(91, tilt))
        marks.append(Line(x=x, y=y, colour="white", width=0.6, opacity=0.35))
    marks.append(Ellipse(x=0, y=0, a=WIDE, b=HIGH, colour="muted", style="solid"))
    top, right = HIGH + 0.11, WIDE + 0.06
    marks += [Note(x=0.0, y=y, text=text, colour="muted", size=8) for y, text in ((top, "tilt 0°"), (-top, "tilt 180°"))]
    marks.append(Note(x=-right, y=0.0, text="rot −180°", anchor="right", colour="muted", size=8))
    return [*marks, Note(x=right, y=0.0, text="180°", anchor="left", colour="muted", size=8)]


def _places(pixels: int = 460) -> NDArray:
    """Unit vectors of the pixels of a picture of the map."""
    return inverse_hammer(*np.meshgrid(np.linspace(-WIDE, WIDE, pixels), np.linspace(-HIGH, HIGH, pixels // 2)))


def orientation_figure(rotations: ArrayLike, *, symmetry: str = "C1") -> Figure:
    """A map of viewing directions on the whole sphere, and the distribution of tilts.

    Parameters
    ----------
    rotations
        ``(n, 3, 3)``: r_lab = R r_object; n may be 0.
    symmetry
        Point group; every symmetric copy of a view is counted.
    """
    from scipy.spatial import KDTree

    directions = viewing_directions(rotations, symmetry)
    centres, density = coverage(directions, _bins(len(directions)))
    unit = _places()
    inside = np.isfinite(unit).all(-1)
    values = np.full(inside.shape, np.nan)
    values[inside] = density[KDTree(centres).query(unit[inside])[1]]
    tilts = np.histogram(np.rad2deg(np.arccos(np.clip(directions[:, 2], -1, 1))), np.linspace(0, 180, 37))[0]
    return _sheet(values, tilts, np.size(rotations) // 9, symmetry)


def counted_figure(density: NDArray, tilts: NDArray, count: int, *, symmetry: str = "C1") -> Figure:
    """The same of views that were counted before, however many.

    Parameters
    ----------
    density
        Over even coverage, ``(t, r)``: tilts from 0° to 180°, rots from −180° to 180°, in cells of one size.
    tilts
        How many views, copies too, have a tilt in each of equal parts of 0° to 180°.
    count
        Views without their copies.
    symmetry
        Point group.
    """
    unit = _places()
    tall, wide = density.shape
    tilt, rot = np.rad2deg(np.arccos(np.clip(unit[..., 2], -1, 1))), np.rad2deg(np.arctan2(unit[..., 1], unit[..., 0]))
    there = np.isfinite(tilt)
    values = np.full(tilt.shape, np.nan)
    rows, columns = (tilt[there] * tall / 180).astype(int), ((rot[there] + 180) * wide / 360).astype(int)
    values[there] = density[rows.clip(0, tall - 1), columns.clip(0, wide - 1)]
    return _sheet(values, tilts, count, symmetry)


def _sheet(values: NDArray, tilts: NDArray, count: int, symmetry: str) -> Figure:
    """The figure, of the pixels of its map and of the numbers of views by tilt."""
    picture = Picture(values=values, extent=(-WIDE, WIDE, -HIGH, HIGH), limits=(0.0, max(2.0, float(np.nanmax(values)))), colours="viridis",
                      scale="density over even coverage")  # fmt: skip
    edges = np.linspace(0, 180, len(tilts) + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    even = 0.5 * (np.cos(np.deg2rad(edges[:-1])) - np.cos(np.deg2rad(edges[1:])))
    copies = "" if symmetry.upper() == "C1" else f", with their {symmetry} copies"
    return Figure(
        name="orientations", title="Viewing directions", height=3.7, columns=2,
        panels=(
            Panel(marks=(picture, *graticule()), equal=True, weight=1.75, legend="none"),
            Panel(title="Tilt", marks=(Bars(edges=edges, heights=100 * tilts / max(1, tilts.sum())),
                                       Line(x=middle, y=100 * even, colour="orange", style="dashed", label="even coverage")),
                  x=Axis("Tilt", "°", limits=(0, 180), ticks=tuple((t, str(t)) for t in range(0, 181, 45))),
                  y=Axis("Views", "%"), legend="upper right"),
        ),
        caption=f"{count} views{copies}. Even colour means all sides were seen. Bright islands with dark seas are preferred "
        "orientations: the map is then smeared along the directions that were seldom seen side-on.",
    )  # fmt: skip


def sampling_figure(directions: ArrayLike, sampling: ArrayLike, *, tilts_deg: ArrayLike, scf_star: ArrayLike, advised: float) -> Figure:
    """How often each direction of Fourier space was measured, and what a tilted stage would give.

    Parameters
    ----------
    directions
        Unit vectors of a half sphere, ``(d, 3)``.
    sampling
        Slices over even coverage, ``(d,)``.
    tilts_deg, scf_star
        Tilts of the stage and the SCF* of each, ``(t,)``.
    advised
        The tilt advised, degrees.
    """
    along, slices = np.asarray(directions, dtype=float), np.asarray(sampling, dtype=float)
    tilts, factor = np.asarray(tilts_deg, dtype=float), np.asarray(scf_star, dtype=float)
    found = Line(x=tilts, y=factor, points=5.0, label="SCF*")
    return Figure(
        name="sampling", title="Directions measured", height=3.7, columns=2,
        panels=(
            Panel(marks=(sphere_picture(along, slices, (0.0, max(2.0, float(slices.max()))), "slices over even coverage"), *graticule()),
                  equal=True, weight=1.75, legend="none"),
            Panel(title="After a tilt of the stage", marks=(found, Rule(at=0.5, axis="y", text="costly", style="dotted"),
                                                            Rule(at=advised, text=f"advised {advised:.0f}°", colour="green")),
                  x=Axis("Tilt", "°", limits=(-2, float(tilts.max()) + 2)), y=Axis("Sampling factor SCF*", PURE, limits=(-0.02, 1.04)),
                  legend="upper left"),
        ),
        caption="Left: how often the slice of a view passed through each direction of Fourier space; dark parts were seldom or never "
        f"measured, and there the map is smeared. Right: the sampling factor, {factor[0]:.2f} untilted, as predicted for the same specimen "
        "on a tilted stage; 1 is even.",
    )  # fmt: skip


def sphere_picture(directions: NDArray, values: NDArray, limits: tuple[float, float], scale: str, pixels: int = 360) -> Picture:
    """Hammer's map with each point coloured by the value of the direction (of either sign) nearest to it."""
    x, y = np.meshgrid(np.linspace(-WIDE, WIDE, pixels), np.linspace(-HIGH, HIGH, pixels // 2))
    unit = inverse_hammer(x, y)
    inside = np.isfinite(unit).all(-1)
    shown = np.full(x.shape, np.nan)
    shown[inside] = values[np.abs(unit[inside] @ directions.T).argmax(1)]
    return Picture(values=shown, extent=(-WIDE, WIDE, -HIGH, HIGH), limits=limits, colours="viridis", scale=scale)

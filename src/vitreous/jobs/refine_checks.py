"""What a refinement looks at before it begins and after it ended, beside its own work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.errors import InputError, require
from vitreous.pipeline.context import Context

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from vitreous.data.particles import Particles
    from vitreous.stages.refine.settings import RefineSettings
    from vitreous.stages.refine.state import State

#: Å: particles of one micrograph whose centres are nearer than this are the same one, picked twice.
SAME_PLACE = 5.0
#: Shells beyond which conical curves are not followed, over the last one at which the halves agree.
DIRECTIONAL_MARGIN = 1.5
#: Images by which an imposed symmetry is judged, at most.
MOST_JUDGED = 2000

ACROSS = (
    "half-sets must not share particles; {count} of {total} have a twin in the other half ({what}), which makes halves agree on their "
    "noise. Try: remove the duplicates, or --keep-duplicates, which puts twins into one half."
)
TOGETHER = "{count} of {total} particles are there more than once ({what}); twins were put into one half-set. Try: remove them."
FLAT = (
    "the reference has next to no features left at {lowpass:.0f} Å, so all views look alike there and the first poses are chance. "
    "Try: --initial-lowpass {finer:.0f}, if the reference is right to that detail."
)


def half_sets(particles: Particles, seed: int, *, keep_duplicates: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    """Half-set 1 or 2 of every particle, and what is to be said: no particle has a twin in the other half.

    Twins are one image of one stack, or picks of one micrograph nearer than 5 Å. Where the split is made here they are put together;
    where the table brings it they are refused, unless they may be kept.

    Raises
    ------
    InputError
        If given half-sets share particles.
    """
    from vitreous.inference.half_maps import split_halves
    from vitreous.inference.screen import across, same_image, same_place, together

    half = split_halves(len(particles), seed, particles.half)
    image, place = same_image(particles), same_place(particles, SAME_PLACE)
    twins = (image >= 0) | (place >= 0)
    if not twins.any():
        return half, ()
    what = f"{int((image >= 0).sum())} by their image, {int((place >= 0).sum())} by their place in the micrograph"
    given = particles.half is not None and bool((half == particles.half).all())
    parted = across(image, half) | across(place, half)
    if given and parted.any() and not keep_duplicates:
        raise InputError(ACROSS.format(count=int(parted.sum()), total=len(particles), what=what))
    return together(half, image, place), (TOGETHER.format(count=int(twins.sum()), total=len(particles), what=what),)


def check_reference(reference: Tensor, voxel_size: float, lowpass: float) -> tuple[str, ...]:
    """Say what is wrong with a reference.

    Raises
    ------
    InputError
        If it looks the same from everywhere: a ball, a shell, nothing.
    """
    from vitreous.stages.refine.judge import LEAST_FEATURES, features

    has = features(reference, voxel_size, 3 * voxel_size)
    require(has >= LEAST_FEATURES, "reference", f"{100 * has:.2f} % of its variance from features",
            f"a map with features: at least {100 * LEAST_FEATURES:g} % of its variance must change with direction. A ball looks the same "
            "from every side, and no image tells its view", instead="vitreous initial-model, for a first map")  # fmt: skip
    if features(reference, voxel_size, lowpass) >= LEAST_FEATURES:
        return ()
    return (FLAT.format(lowpass=lowpass, finer=max(lowpass / 2, 3 * voxel_size)),)


def judge_directions(
    first: Tensor, second: Tensor, voxel_size: float, shell: int, context: Context
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Compare masked half-maps by direction: figures, what is to be said, and a picture.

    ``shell`` is the last at which they agree.
    """
    from vitreous.numerics.directional import directional_fsc
    from vitreous.stages.refine.judge import unlike_directions
    from vitreous.views.directional import directional_figure
    from vitreous.views.render import save_figure

    found = directional_fsc(first, second, voxel_size, most=round(DIRECTIONAL_MARGIN * shell) + 4)
    resolution = found.resolution()
    figure = directional_figure(found.directions.numpy(), found.curves.numpy(), found.average.numpy(), length=found.length,
                                resolution=resolution.numpy())  # fmt: skip
    save_figure(figure, context.outputs / "directions.svg")
    told = {
        "resolution_best_direction_angstrom": round(float(resolution.min()), 3),
        "resolution_worst_direction_angstrom": round(float(resolution.max()), 3),
        "conical_area_ratio": round(found.area_ratio, 3), "sphericity": round(found.sphericity(), 3),
    }  # fmt: skip
    warning = unlike_directions(found)
    return told, () if warning is None else (warning,)


def judge_symmetry(
    particles: Particles, group: Tensor, half: np.ndarray, mask: Tensor, state: State, settings: RefineSettings, *, seed: int
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Ask the images of the other half whether the symmetry imposed is the particle's: figures and what is to be said.

    Parameters
    ----------
    particles, group, half
        The particles, the noise group and the half-set (1 or 2) of each.
    mask
        Of maps.
    state, settings
        What was found, and how.
    seed
        Of the first choice among equal poses.
    """
    import numpy as np
    import torch

    from vitreous.inference.load import Band, load_images
    from vitreous.inference.noise import NoiseSpectra
    from vitreous.runtime.chance import torch_generator
    from vitreous.stages.refine.symmetry_check import Posed, doubt, symmetry_gain

    if settings.symmetry.order == 1:
        return {}, ()
    rows = np.linspace(0, len(particles) - 1, min(MOST_JUDGED, len(particles))).astype(np.int64)
    at = torch.from_numpy(rows)
    band = Band(size=mask.shape[-1], mask_diameter=1.2 * settings.diameter)
    images = load_images(particles, band, rows=rows).with_group(group[at])
    posed = Posed(images, NoiseSpectra(state.noise), state.rotation[at], state.shift[at], torch.from_numpy(half[rows].astype(np.int64)) - 1,
                  state.fsc, mask, max(4, state.best_radius))  # fmt: skip
    gain = symmetry_gain(posed, settings.symmetry, torch_generator(seed, "symmetry"))
    said = doubt(gain, settings.symmetry)
    return {"gain_without_symmetry": round(float(gain.mean()), 3)}, () if said is None else (said,)

"""From the frames of a movie to its motion and its sums."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.data.motion import Motion
from vitreous.data.optics import Optics
from vitreous.numerics.fourier import rfft2
from vitreous.runtime.devices import in_threads, one_torch_thread
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.movies.alignment import Alignment, path_lengths
from vitreous.stages.movies.defects import checked_gain, find_defects, mend_gain, plan_patching, without
from vitreous.stages.movies.drift import Drift, find_drift
from vitreous.stages.movies.exposure import WeightBasis, doses
from vitreous.stages.movies.field import ShiftField
from vitreous.stages.movies.flow import FlowMotion, find_flow
from vitreous.stages.movies.frame_envelopes import FrameEnvelopes, aligned_spectra, frame_envelopes
from vitreous.stages.movies.frames import ArrayFrames, Fault, Frames, Stack, read_stack
from vitreous.stages.movies.halves import half_images, half_rows
from vitreous.stages.movies.local import LocalMotion, find_local_motion, polynomial_nodes, polynomial_of
from vitreous.stages.movies.params import AlignmentParams
from vitreous.stages.movies.shrink import shrink
from vitreous.stages.movies.signal import prepared
from vitreous.stages.movies.stretched import checked_matrix
from vitreous.stages.movies.sums import basis_sums, binned_size, combine


def align_movie(
    movie: Frames | NDArray,
    optics: Optics,
    params: AlignmentParams | None = None,
    *,
    gain: NDArray | None = None,
    defects: NDArray[np.bool_] | None = None,
    report: Reporter = silent,
) -> Alignment:
    """Align the frames of a movie and sum them.

    Parameters
    ----------
    movie
        A :class:`vitreous.data.movie.Movie` or an array ``(frames, y, x)``; counts as recorded.
    optics
        Pixel size (Å per pixel of a frame) and voltage (kV).
    params
        Choices; the defaults suit most movies.
    gain
        ``(y, x)``, multiplied with every frame; pixels where it is not positive are defects.
    defects
        ``(y, x)``, True at pixels known to be bad.
    report
        Takes progress.

    Returns
    -------
    Alignment
        Motion, sums and figures.

    Raises
    ------
    InputError
        If the movie cannot be aligned: fewer than two frames, more than half of them damaged, dark, saturated, not finite or
        of another size (fewer are left out, and told in ``left_out``), a gain of another size, or too many defects. The text
        says which.

    Notes
    -----
    1. Frames are corrected and shrunk. 2. Whole frames are aligned by pairs (MotionCorr), then by maximum likelihood.
    3. Patches are aligned by maximum likelihood in turns with a smooth field in space and time. 4. Every frame is moved by
    the field with a short filter and added to a few sums, from which the plain and the exposure-weighted sum are made.

    References: Li et al. 2013, Nature Methods 10:584; Zheng et al. 2017, Nature Methods 14:331; Grant & Grigorieff 2015, eLife
    4:e06980; Zivanov et al. 2019, IUCrJ 6:5.
    """
    params = params or AlignmentParams()
    movie = ArrayFrames(movie) if isinstance(movie, np.ndarray) else movie
    report(Progress("read frames", 0, len(movie)))
    with one_torch_thread():
        return aligned(movie, optics, params, gain, defects, report)


def aligned(
    movie: Frames, optics: Optics, params: AlignmentParams, gain: NDArray | None, known: NDArray[np.bool_] | None, report: Reporter
) -> Alignment:
    """The steps of :func:`align_movie`."""
    stack, gain, defects, faults = corrected(movie, gain, known, params)
    factor = max(1, int(params.align_pixel / optics.pixel_size))
    factor = min(factor, max(1, min(stack.shape) // 64))
    drift, found = find_motion(stack, gain, factor, optics, params, report)
    field, polynomial = final_field(drift, found, stack, factor, params)
    envelopes = measure_envelopes(stack, gain, field, factor, optics, params) if params.envelopes else None
    total, weighted, halves = make_sums(stack, gain, field, optics, params, report)
    local = found if isinstance(found, LocalMotion) else None
    motion = describe(drift, local, polynomial, defects, stack, factor, optics, params)
    tracks, places = trace(field, local)
    return Alignment(
        motion=motion,
        field=field,
        pixel_size=optics.pixel_size * stack.shape[1] / (weighted if total is None else total).shape[1],
        total=total,
        weighted=weighted,
        tracks=tracks * optics.pixel_size,
        track_places=places,
        figures=figures(drift, local, field, motion, defects, factor, params),
        halves=halves,
        envelopes=envelopes,
        left_out=faults,
    )


def corrected(
    movie: Frames, gain: NDArray | None, known: NDArray[np.bool_] | None, params: AlignmentParams
) -> tuple[Stack, NDArray[np.float32], NDArray[np.int64], tuple[Fault, ...]]:
    """Sound frames with mended defects, the gain to multiply them with, the defects as (x, y), and what is wrong with the rest."""
    factors = without(checked_gain(gain, tuple(movie.shape)), known)
    stack, total, faults = read_stack(movie, params.keep_bytes)
    bad = find_defects(total, factors) if params.mend else factors == 0
    patching = plan_patching(bad)
    if len(patching.y):
        stack.mend(patching)
        factors = mend_gain(factors, patching)
    return stack, factors, np.stack([patching.x, patching.y], axis=1), faults


def find_motion(
    stack: Stack, gain: NDArray[np.float32], factor: int, optics: Optics, params: AlignmentParams, report: Reporter
) -> tuple[Drift, LocalMotion | FlowMotion | None]:
    """Drift of whole frames and local motion, in shrunk pixels."""
    shape = (stack.shape[0] // factor, stack.shape[1] // factor)
    pixel_size = optics.pixel_size * factor
    spectra = transforms(stack, gain, factor, shape)
    drift = find_drift(spectra, shape, pixel_size, params.coarsest)
    report(Progress("align frames", 1, 1, {"drift_error_angstrom": drift.deviation * pixel_size}))
    if params.model == "global":
        return drift, None
    if params.model == "flow":
        return drift, find_flow(spectra, drift, shape, pixel_size, params.coarsest)
    local = find_local_motion(
        spectra, drift, shape, pixel_size, params.coarsest, params.patches, params.iterations,
        lambda done: report(Progress("align patches", done, params.iterations)),
    )  # fmt: skip
    return drift, local


def transforms(stack: Stack, gain: NDArray[np.float32], factor: int, shape: tuple[int, int]) -> torch.Tensor:
    """Half transforms of the frames, corrected and shrunk: ``(n, y, x // 2 + 1)``."""
    out = torch.empty(len(stack), shape[0], shape[1] // 2 + 1, dtype=torch.complex64)
    for first, batch in stack.batches():

        def one(i: int, first: int = first, batch: NDArray = batch) -> None:
            out[first + i] = rfft2(prepared(shrink(batch[i], gain, factor)))

        in_threads(one, len(batch))
    return out


def every_frame(values: NDArray, stack: Stack) -> NDArray[np.float64]:
    """Values ``(n, ...)`` of the frames that take part as those of all: where one was left out, between its neighbours'."""
    if len(stack) == len(stack.movie):
        return values
    at = np.interp(np.arange(len(stack.movie)), stack.numbers, np.arange(len(stack)))
    low = np.minimum(at.astype(np.int64), len(values) - 2)
    part = (at - low).reshape(-1, *[1] * (values.ndim - 1))
    return (1 - part) * values[low] + part * values[low + 1]


def final_field(
    drift: Drift, local: LocalMotion | FlowMotion | None, stack: Stack, factor: int, params: AlignmentParams
) -> tuple[ShiftField, NDArray[np.float64]]:
    """The field of all frames in unbinned pixels, and the polynomial nearest to its local part, ``(2, 18)`` in unbinned pixels."""
    whole = every_frame(drift.shifts if local is None else drift.shifts + local.common, stack)[:, None, None, :]
    if local is None:
        return ShiftField(stack.shape, factor * whole), np.zeros((2, 18))
    nodes = every_frame(local.nodes(), stack)
    polynomial = polynomial_of(nodes)
    if params.model == "polynomial":
        nodes = polynomial_nodes(polynomial, len(nodes))
    return ShiftField(stack.shape, factor * (whole + nodes)), factor * polynomial


def make_sums(
    stack: Stack, gain: NDArray[np.float32], field: ShiftField, optics: Optics, params: AlignmentParams, report: Reporter
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None, tuple[NDArray[np.float32], NDArray[np.float32]] | None]:
    """Plain and weighted sums, and those of odd and even frames, as far as they are wanted."""
    pixel_size = optics.pixel_size
    known = params.dose_per_frame > 0
    dose = doses(len(stack.movie), params.dose_per_frame, params.pre_exposure if known else 0.0)
    basis = WeightBasis.of(dose[stack.numbers], optics.voltage, np.sqrt(0.5) / pixel_size)
    binned_size(stack.shape, params.bin_factor)
    mixing = np.concatenate([basis.mixing, half_rows(stack.numbers)]) if params.halves else basis.mixing
    sums, used = basis_sums(stack, gain, field, mixing, lambda done: report(Progress("sum frames", done, len(stack))),
                            checked_matrix(np.array(params.magnification)))  # fmt: skip
    stack.release()
    own, apart = np.split(sums, [len(basis.mixing)])
    total, weighted = combine(own, used, basis, pixel_size, params.bin_factor, plainly=params.unweighted or not known, weighted=known)
    return total, weighted, half_images(apart, used, pixel_size, params.bin_factor) if params.halves else None


def measure_envelopes(
    stack: Stack, gain: NDArray[np.float32], field: ShiftField, factor: int, optics: Optics, params: AlignmentParams
) -> FrameEnvelopes:
    """Scale and B-factor of every frame that takes part."""
    spectra, shape = aligned_spectra(stack, gain, ShiftField(field.shape, field.nodes[stack.numbers]), factor)
    return frame_envelopes(spectra, shape, optics.pixel_size * factor, params.coarsest)


def describe(
    drift: Drift, local: LocalMotion | None, polynomial: NDArray, defects: NDArray, stack: Stack, factor: int, optics: Optics,
    params: AlignmentParams,
) -> Motion:  # fmt: skip
    """The motion in the form other programs read."""
    unit = optics.pixel_size * factor
    shifts, patches = drift.shifts, np.zeros((0, 5))
    if local is not None:
        shifts = drift.shifts + local.common
        centres = local.grid.centres * [stack.shape[1], stack.shape[0]]
        numbers = stack.numbers[np.round(local.times).astype(np.int64)] + 1
        patches = np.concatenate([
            np.column_stack([numbers, np.broadcast_to(centre, (len(numbers), 2)), values * unit])
            for centre, values in zip(centres, local.measured)
        ])  # fmt: skip
    return Motion(
        shape=stack.shape, pixel_size=optics.pixel_size, global_shifts=every_frame(shifts, stack) * unit,
        local=polynomial * optics.pixel_size,
        dose_per_frame=params.dose_per_frame, pre_exposure=params.pre_exposure, voltage=optics.voltage,
        binning=params.bin_factor, defects=defects, patches=patches,
    )  # fmt: skip


def trace(field: ShiftField, local: LocalMotion | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The way the specimen went at each patch (pixels), and where the patches are."""
    centres = np.array([[0.5, 0.5]]) if local is None else local.grid.centres
    places = centres * [field.shape[1], field.shape[0]] - 0.5
    return -field.at(places[:, 0], places[:, 1]), places


def figures(
    drift: Drift, local: LocalMotion | None, field: ShiftField, motion: Motion, defects: NDArray, factor: int,
    params: AlignmentParams,
) -> dict[str, float]:  # fmt: skip
    """Numbers that tell how it went."""
    unit = motion.pixel_size * factor
    dose = params.dose_per_frame
    early_frames = (params.early_dose - params.pre_exposure) / dose if dose else motion.frames / 8
    total, early, late = path_lengths(motion.global_shifts, early_frames)
    out = {
        "motion_total_angstrom": total,
        "motion_early_angstrom": early,
        "motion_late_angstrom": late,
        "drift_error_angstrom": drift.deviation * unit,
        "pairs_rejected": float(drift.rejected),
        "defects": float(len(defects)),
    }
    if field.nodes.shape[1] > 1:
        inner = field.nodes * motion.pixel_size - motion.global_shifts[:, None, None]
        left = inner - polynomial_nodes(motion.local, motion.frames)
        out |= {
            "local_rms_angstrom": float(np.sqrt((inner**2).mean())),
            "polynomial_rms_angstrom": float(np.sqrt((left**2).mean())),
        }
    if local is not None:
        out |= {
            "local_error_angstrom": local.deviation() * unit,
            "residual_rms_angstrom": local.residual() * unit,
            "patches": float(len(local.grid.corners)),
        }
    return out

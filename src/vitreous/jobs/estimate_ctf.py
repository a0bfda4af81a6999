"""Micrographs to their defocus, with reasons to distrust some."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.errors import require
from vitreous.jobs.micrograph_list import load, read_list, unique_names, write_list
from vitreous.jobs.options import Microscope
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Micrograph
    from vitreous.stages.defocus import CtfFit

#: The picture of the rings: pixels a side at most (odd), where it is white, and over which turns it is averaged, degrees.
PICTURE, SPREAD, TURNS = 255, 2.5, tuple(range(-6, 7))
NORMAL_95 = 1.96
#: Columns of a fitted tilt.
TILT = {"Angle": "angle_deg", "AngleSigma": "angle_sigma", "Axis": "axis_deg", "AxisSigma": "axis_sigma", "Chance": "chance"}
RULE = "elliptically averaged rings correlate with the fit, over 1.5 rings, at 0.5 or more"


@parameters
class EstimateCtf(Microscope):
    """How the CTF is fitted."""

    defocus_least: float = option(3000.0, "Å", "least defocus searched, underfocus positive", above=0, high=200000)
    defocus_most: float = option(50000.0, "Å", "greatest defocus searched", above=0, high=200000)
    coarsest: float = option(30.0, "Å", "coarsest detail of the fit", low=8, high=100, advanced=True)
    finest: float = option(3.2, "Å", "finest detail of the fit", low=1, high=20, advanced=True)
    astigmatism_most: float = option(4000.0, "Å", "greatest astigmatism searched", low=0, high=20000, advanced=True)
    phase_shift: float = option(0.0, "°", "of a phase plate, held fixed unless it is fitted", low=-180, high=180)
    fit_phase_shift: bool = option(False, help="fit the phase shift too; needs the amplitude contrast to be right")
    phase_shift_least: float = option(0.0, "°", "least phase shift searched", low=-180, high=180, advanced=True)
    phase_shift_most: float = option(180.0, "°", "greatest phase shift searched", low=-180, high=180, advanced=True)
    tilt: Literal["no", "fit", "known"] = option("no", help="defocus is one plane over the micrograph: level, found, or as given")
    tilt_angle: float | None = option(None, "°", "tilt of the specimen where it is known", low=-68, high=68, if_none="not known")
    tilt_axis: float | None = option(None, "°", "azimuth of the tilt axis from +x towards +y where it is known: defocus grows "
                                     "to the left of it", low=-360, high=360, if_none="not known")  # fmt: skip

    def check(self) -> None:
        """Refuse ranges that no fit can use."""
        least, most = self.defocus_least, self.defocus_most
        require(least < most, "defocus_least", least, f"below defocus_most ({most:g}), in Å", instead="--defocus-least 3000")
        shifts = self.phase_shift_least, self.phase_shift_most
        require(shifts[0] < shifts[1] <= shifts[0] + 180, "phase_shift_least", shifts[0],
                f"below phase_shift_most ({shifts[1]:g}) by 180 at most, in degrees", instead="--phase-shift-least 0")  # fmt: skip
        told = self.tilt_angle is not None and self.tilt_axis is not None
        require(told == (self.tilt == "known"), "tilt", self.tilt, "known where tilt_angle and tilt_axis are given, and only there",
                instead="--tilt known --tilt-angle 30 --tilt-axis 0")  # fmt: skip
        require(self.finest < self.coarsest, "finest", self.finest, f"finer than coarsest ({self.coarsest:g}), in Å")

    def fit_params(self) -> Any:
        """The same for the stage."""
        from vitreous.stages.defocus import CtfParams, slope_of

        known = (0.0, 0.0) if self.tilt_angle is None or self.tilt_axis is None else slope_of(self.tilt_angle, self.tilt_axis)
        return CtfParams(
            coarsest=self.coarsest, finest=self.finest, defocus_least=self.defocus_least, defocus_most=self.defocus_most,
            astigmatism_most=self.astigmatism_most, phase_shift_deg=self.phase_shift, tilt=self.tilt, slope=known,
            phase_shift_range=(self.phase_shift_least, self.phase_shift_most) if self.fit_phase_shift else None,
        )  # fmt: skip


def run(inputs: Inputs, params: EstimateCtf, context: Context) -> Result:
    """Fit every micrograph; those that cannot be read are set aside, doubtful ones flagged."""
    micrographs = read_list(inputs.all("micrographs"), params)
    names = unique_names([m.path for m in micrographs])
    pairs = list(zip(names, micrographs))
    done = context.map(partial(fit_one, params, context.outputs), pairs, step="estimate ctf", key=lambda pair: pair[0])
    fitted = [with_fit(each.item[1], each.value) for each in done]
    write_list(context.outputs / "micrographs_ctf.star", fitted, context)
    return Result(figures=figures(fitted), warnings=(*_warnings(names, fitted), *other_way(params, fitted)))


def fit_one(params: EstimateCtf, outputs: Path, named: tuple[str, Micrograph]) -> dict[str, Any]:
    """Fit one micrograph and write what is drawn of it.

    Raises
    ------
    InputError
        If it cannot be read or fitted.
    """
    from vitreous.data.optics import require_as_recorded
    from vitreous.pipeline.jsonable import jsonable
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.runtime.files import write_json
    from vitreous.stages.defocus import estimate_ctf
    from vitreous.views.png import write_png

    name, micrograph = named
    require_as_recorded([micrograph.optics], "a CTF is fitted to")
    image = load(micrograph, params.pixel_size)
    with one_torch_thread():
        fit = estimate_ctf(image, micrograph.optics, params.fit_params())
        picture = spectrum_picture(fit)
    told = described(fit)
    write_png(outputs / "ctf" / f"{name}_spectrum.png", picture[::-1])
    write_json(outputs / "ctf" / f"{name}.json", jsonable({"micrograph": name, **told, "curves": curves(fit)}))
    return told


def described(fit: CtfFit) -> dict[str, Any]:
    """A fit in plain numbers."""
    return {
        "defocus": asdict(fit.defocus),
        "uncertainty": asdict(fit.uncertainty),
        "intervals_95": intervals(fit),
        "score": float(fit.score),
        "resolution_angstrom": float(fit.resolution),
        "resolution_rule": RULE,
        "envelope": asdict(fit.fading),
        "ice_rings": [asdict(ring) for ring in fit.ice],
        "second_method": asdict(fit.second),
        "tilt": None if fit.tilt is None else {**asdict(fit.tilt), "level": fit.level},
        "slope": list(fit.slope),
        "flags": list(dict.fromkeys(flag.name for flag in fit.flags)),
        "reasons": [str(flag) for flag in fit.flags],
        "measures": asdict(fit.measures),
        "optics": asdict(fit.optics),
        "tiles_kept": fit.tiles_kept,
        "picture_edge_per_angstrom": fit.picture.k_most,
    }


def intervals(fit: CtfFit) -> dict[str, list[float]]:
    """Ends of the 95 % interval of every value: Å, degrees, Å²; of tilt and axis where they were fitted."""
    d, sigma = fit.defocus, asdict(fit.uncertainty)
    values = {name: (getattr(d, name), sigma[name]) for name in sigma}
    values["b_factor"] = fit.fading.b_factor, fit.fading.sigma
    if fit.tilt is not None:
        values["tilt_angle_deg"] = fit.tilt.angle_deg, fit.tilt.angle_sigma
        values["tilt_axis_deg"] = fit.tilt.axis_deg, fit.tilt.axis_sigma
    ends = {name: [value - NORMAL_95 * spread, value + NORMAL_95 * spread] for name, (value, spread) in values.items()}
    return ends | {"resolution": list(fit.resolution_interval)}


def columns(told: dict[str, Any]) -> dict[str, str]:
    """What the STAR file says of a fit beyond RELION's columns: standard deviations, and what else was measured."""
    sigma, ends = told["uncertainty"], told["intervals_95"]["resolution"]
    found = {
        "DefocusUSigma": sigma["u"], "DefocusVSigma": sigma["v"], "DefocusMeanSigma": sigma["mean"],
        "CtfAstigmatismSigma": sigma["astigmatism"], "DefocusAngleSigma": sigma["angle_deg"],
        "PhaseShiftSigma": sigma["phase_shift_deg"], "CtfMaxResolutionFiner": ends[0], "CtfMaxResolutionCoarser": ends[1],
        "CtfBfactor": told["envelope"]["b_factor"], "CtfBfactorSigma": told["envelope"]["sigma"],
        "CtfMethodsAgreeTo": told["second_method"]["agreement"], "CtfMethodsAgreeWorst": told["second_method"]["worst_agreement"],
    }  # fmt: skip
    found |= {f"IceRing{ring['spacing']:.2f}".replace(".", "_"): ring["excess"] for ring in told["ice_rings"]}
    if told["tilt"] is not None:
        found |= {f"Tilt{name}": told["tilt"][key] for name, key in TILT.items()}
    return {f"vitreous{name}": f"{value:.6g}" for name, value in found.items()}


def curves(fit: CtfFit) -> dict[str, list[float]]:
    """The one-dimensional curves, as in :class:`vitreous.stages.defocus.curves.CtfCurves`: k in Å⁻¹."""
    import numpy as np

    return {name: np.round(values, 5).tolist() for name, values in asdict(fit.curves).items()}


def spectrum_picture(fit: CtfFit) -> np.ndarray:
    """Rings, measured on the left and fitted on the right, at most 255 pixels a side, uint8; row 0 is the lowest ky.

    The measured half is averaged over 12 degrees along the rings: a periodogram is all speckle. Grey is no ring, white 2.5
    standard deviations of the fit.
    """
    import numpy as np
    from scipy.ndimage import gaussian_filter, rotate

    measured, model = (np.concatenate([half[::-1, :0:-1], half], axis=1) for half in (fit.picture.measured, fit.picture.model))
    measured, model = _shrunk(measured), _shrunk(model)
    soft = gaussian_filter(measured, 0.7)
    smooth = np.mean([rotate(soft, angle, reshape=False, order=1, mode="nearest") for angle in TURNS], axis=0)
    middle = len(model) // 2
    rings = np.concatenate([smooth[:, :middle], model[:, middle:]], axis=1)
    white = SPREAD * max(float(np.std(model)), 1e-6)
    return np.round(255 * np.clip(0.5 + rings / (2 * white), 0, 1)).astype(np.uint8)


def _shrunk(picture: np.ndarray) -> np.ndarray:
    """At most 255 pixels a side, the middle pixel staying in the middle."""
    import torch

    from vitreous.numerics.fourier import centred_irfft2, centred_rfft2
    from vitreous.numerics.resample import resize_spectrum

    have, size = len(picture), min(PICTURE, len(picture))
    small = centred_irfft2(resize_spectrum(centred_rfft2(torch.as_tensor(picture.copy())), (size, size)), (size, size))
    return small.numpy() * (size / have) ** 2


def with_fit(micrograph: Micrograph, told: dict[str, Any]) -> Micrograph:
    """The micrograph with what :func:`fit_one` said of it."""
    from vitreous.data.micrograph import Defocus

    return replace(micrograph, defocus=Defocus(**told["defocus"]), defocus_slope=tuple(told["slope"]),
                   fit_resolution=told["resolution_angstrom"], fit_score=told["score"], flags=tuple(told["flags"]),
                   extra=micrograph.extra | columns(told))  # fmt: skip


def figures(fitted: Sequence[Micrograph]) -> dict[str, float]:
    """Numbers of the whole session; of phase shifts and tilts only where there are any."""
    from statistics import median

    shifts = [m.defocus.phase_shift_deg for m in fitted if m.defocus.phase_shift_deg]
    tilts = [math.degrees(math.atan(math.hypot(*m.defocus_slope))) for m in fitted if any(m.defocus_slope)]
    return {
        "micrograph_count": len(fitted),
        "flagged_count": sum(bool(m.flags) for m in fitted),
        "median_defocus_angstrom": median(m.defocus.mean for m in fitted),
        "least_defocus_angstrom": min(m.defocus.mean for m in fitted),
        "greatest_defocus_angstrom": max(m.defocus.mean for m in fitted),
        "median_astigmatism_angstrom": median(m.defocus.astigmatism for m in fitted),
        "median_fit_resolution_angstrom": median(m.fit_resolution for m in fitted),
        "tilted_count": len(tilts),
        **({"median_phase_shift_deg": median(shifts)} if shifts else {}),
        **({"median_tilt_deg": median(tilts)} if tilts else {}),
    }


def _warnings(names: Sequence[str], fitted: Sequence[Micrograph]) -> tuple[str, ...]:
    bad = [(m.path.stem, ", ".join(m.flags)) for m in fitted if m.flags]
    shown = "; ".join(f"{name}: {why}" for name, why in bad[:8])
    more = f"; and {len(bad) - 8} more" if len(bad) > 8 else ""
    be = "is" if len(bad) == 1 else "are"
    return (f"{len(bad)} of {len(names)} micrographs {be} flagged: {shown}{more}",) if bad else ()


def other_way(params: EstimateCtf, fitted: Sequence[Micrograph]) -> tuple[str, ...]:
    """What to say where rings speak for the tilt that was given, the other way up."""
    count = sum("tilt" in m.flags for m in fitted)
    if not count or params.tilt_axis is None:
        return ()
    there, here = (params.tilt_axis + 180) % 360, params.tilt_axis
    return (f"--tilt-axis {there:g} explains the rings of {count} of {len(fitted)} micrographs better than {here:g}. Try: --tilt known "
            f"--tilt-angle {params.tilt_angle:g} --tilt-axis {there:g}.",)  # fmt: skip


def estimate(inputs: Inputs, params: EstimateCtf) -> Estimate:
    """Expect two seconds a micrograph, four where a tilt is looked for."""
    return Estimate(seconds=(2.0 if params.tilt == "no" else 4.0) * len(read_list(inputs.all("micrographs"), params)), memory=10**9)


JOB = JobType(
    name="estimate-ctf",
    summary="Fit defocus, astigmatism, phase shift and tilt to the Thon rings of micrographs",
    params=EstimateCtf,
    inputs=(Input("micrographs", "micrographs", "a STAR file, or images", many=True),),
    outputs=(
        Output("micrographs", "micrographs_ctf.star", "micrographs", "list with defocus, its errors and slope, score, and flags"),
        Output("fits", "ctf/*.json", "curves", "each fit: numbers, reasons and curves"),
        Output("pictures", "ctf/*_spectrum.png", "picture", "rings, measured left and fitted right, y upwards"),
    ),
    run="vitreous.jobs.estimate_ctf:run",
    estimate="vitreous.jobs.estimate_ctf:estimate",
    papers=("Rohou & Grigorieff, J. Struct. Biol. 192, 216 (2015).", "Zhang, J. Struct. Biol. 193, 1 (2016)."),
)

"""How far defocus spreads a particle's detail, which box holds it, and what a smaller one loses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitreous.errors import require
from vitreous.jobs.options import USUAL_AMPLITUDE_CONTRAST
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from vitreous.data.optics import Optics
    from vitreous.views.delocalisation import BoxCurve

#: Pixel size as a share of the resolution where nothing says it: Nyquist's 0.5 with some room.
PIXEL_OF_RESOLUTION = 0.4
#: Pixels a side of the picture of a point at most, frequencies of the curves, and share lost that is worth a warning.
PICTURE, CURVE, WORTH_SAYING = 1024, 120, 0.1


@parameters
class CtfAdvice:
    """What is looked at, and how well it is to be seen."""

    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    resolution: float = option(3.0, "Å", "finest detail wanted", above=0, high=500)
    defocus: float | None = option(None, "Å", "greatest defocus, underfocus positive", low=-200000, high=200000,
                                   if_none="the greatest of the micrographs")  # fmt: skip
    box: int | None = option(None, "pixels", "side of the box you have in mind", low=8, high=16384,
                             if_none="only the advised one is judged")  # fmt: skip
    pixel_size: float | None = option(None, "Å", "of the particle images", above=0, high=1000,
                                      if_none="from the micrographs, else 0.4 of the resolution")  # fmt: skip
    voltage: float | None = option(None, "kV", "acceleration voltage", low=40, high=1500, if_none="from the micrographs, else 300")
    cs: float | None = option(None, "mm", "spherical aberration", low=0, high=20, if_none="from the micrographs, else 2.7")


def run(inputs: Inputs, params: CtfAdvice, context: Context) -> Result:
    """Advise, draw and write the numbers."""
    from vitreous.runtime.files import write_json
    from vitreous.views.render import save_figure

    optics, defocus = microscope(inputs, params)
    finest = max(params.resolution, 2 * optics.pixel_size)
    told = advice(params, optics, defocus, finest)
    write_json(context.outputs / "advice.json", told)
    save_figure(_figure(params, optics, defocus, finest, told), context.outputs / "advice.png")
    return Result(figures=told, warnings=_warnings(params, told, finest), stop=_sentence(told, finest))


def microscope(inputs: Inputs, params: CtfAdvice) -> tuple[Optics, float]:
    """Optics, and the defocus of the largest magnitude, Å.

    Raises
    ------
    InputError
        If nothing says the defocus.
    """
    from dataclasses import replace

    from vitreous.data.optics import Optics
    from vitreous.io.micrographs import read_micrographs

    given = {"pixel_size": params.pixel_size, "voltage": params.voltage, "spherical_aberration": params.cs}
    known = {name: value for name, value in given.items() if value is not None}
    star, defocus = inputs.get("micrographs"), params.defocus
    optics = Optics(pixel_size=PIXEL_OF_RESOLUTION * params.resolution, amplitude_contrast=USUAL_AMPLITUDE_CONTRAST)
    if star:
        micrographs = read_micrographs(star, **known)
        optics = micrographs[0].optics
        fitted = [each.defocus.mean for each in micrographs if each.defocus]
        defocus = max(fitted, key=abs, default=None) if defocus is None else defocus
    require(defocus is not None, "defocus", defocus, "given, in Å", instead="--defocus 20000, or --micrographs with fitted CTFs")
    return replace(optics, **known), defocus


def advice(params: CtfAdvice, optics: Optics, defocus: float, finest: float) -> dict[str, Any]:
    """Box sizes in pixels, distances in Å, and shares."""
    from vitreous.physics.delocalisation import aliasing_box, aliasing_resolution
    from vitreous.stages.particles import advise_box

    pixel = optics.pixel_size
    box = advise_box(params.diameter, pixel, optics=optics, defocus=defocus, resolution=finest)
    told = {
        "defocus_angstrom": defocus,
        "pixel_size_angstrom": pixel,
        "displacement_angstrom": box.delocalisation,
        "advised_box_px": box.size,
        "least_box_for_background_px": box.least,
        "least_box_for_aliasing_angstrom": aliasing_box(optics, defocus, finest),
    }
    if params.box:
        shares = _lost(params, optics, defocus, finest, params.box * pixel)
        told |= {
            "box_px": params.box, "lost_at_resolution": float(shares[-1]), "lost_of_all": _of_all(shares),
            "aliased_from_angstrom": aliasing_resolution(optics, defocus, params.box * pixel),
        }  # fmt: skip
    return told


def _frequencies(finest: float) -> Any:
    import numpy as np

    return np.arange(1, CURVE + 1) / (CURVE * finest)


def _lost(params: CtfAdvice, optics: Optics, defocus: float, finest: float, length: float) -> Any:
    from vitreous.physics.delocalisation import lost_share

    return lost_share(_frequencies(finest), optics, defocus, diameter=params.diameter, box=length)


def _of_all(shares: Any) -> float:
    """Share of all coefficients' power: there are as many at k as k is large."""
    k = _frequencies(1.0)
    return float(k @ shares / k.sum())


def _figure(params: CtfAdvice, optics: Optics, defocus: float, finest: float, told: dict[str, Any]) -> Any:
    from dataclasses import replace

    from vitreous.numerics.fourier import good_size
    from vitreous.physics.delocalisation import displacement, point_spread
    from vitreous.views.delocalisation import BoxCurve, delocalisation_figure

    def curve(pixels: int) -> BoxCurve:
        length = pixels * optics.pixel_size
        return BoxCurve(length=length, lost=_lost(params, optics, defocus, finest, length))

    widest = 1.15 * max(told["advised_box_px"], params.box or 0) * optics.pixel_size
    size = min(PICTURE, good_size(round(2.2 * widest / finest)))
    shown = replace(optics, pixel_size=widest / size)
    k = _frequencies(finest)
    return delocalisation_figure(
        point_spread(shown, defocus, max(finest, 2 * shown.pixel_size), size).numpy(), pixel_size=shown.pixel_size,
        diameter=params.diameter, k=k, displaced=displacement(k, optics, defocus), advised=curve(told["advised_box_px"]),
        intended=curve(params.box) if params.box else None, summary=f"{defocus / 1e4:.2f} µm at {optics.voltage:g} kV",
    )  # fmt: skip


def _sentence(told: dict[str, Any], finest: float) -> str:
    return (f"Detail of {finest:g} Å moves by {told['displacement_angstrom']:.0f} Å: a box of {told['advised_box_px']} px "
            f"({told['advised_box_px'] * told['pixel_size_angstrom']:.0f} Å) holds it.")  # fmt: skip


def _warnings(params: CtfAdvice, told: dict[str, Any], finest: float) -> tuple[str, ...]:
    said = []
    if finest > params.resolution:
        said.append(f"pixels of {told['pixel_size_angstrom']:g} Å hold nothing finer than {finest:g} Å; the advice is for that.")
    if told.get("lost_at_resolution", 0) > WORTH_SAYING:
        said.append(f"a box of {params.box} px loses {100 * told['lost_at_resolution']:.0f} % of the signal at {finest:g} Å.")
    if told.get("aliased_from_angstrom", 0) > finest:
        said.append(f"in a box of {params.box} px the CTF is aliased beyond {told['aliased_from_angstrom']:.1f} Å.")
    return tuple(said)


def estimate(inputs: Inputs, params: CtfAdvice) -> Estimate:
    """Expect some seconds, most of them for the picture."""
    return Estimate(seconds=3, memory=3 * 10**8)


JOB = JobType(
    name="ctf-advice",
    summary="How far defocus spreads detail, and which box holds it",
    params=CtfAdvice,
    inputs=(Input("micrographs", "micrographs", "a STAR file with defocus; its greatest counts", optional=True),),
    outputs=(
        Output("advice", "advice.json", "advice", "boxes in pixels, distances in Å, shares of power"),
        Output("picture", "advice.png", "picture", "a point as it is seen, how far detail goes, and what boxes lose"),
    ),
    run="vitreous.jobs.ctf_advice:run",
    estimate="vitreous.jobs.ctf_advice:estimate",
    group="Data",
    papers=("Reimer & Kohl, Transmission Electron Microscopy, 5th ed., Springer (2008).",),
)

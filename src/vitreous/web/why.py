"""The formula behind a parameter, and the lesson that explains it with the reader's own numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from vitreous.pipeline.record import Record


@dataclass(frozen=True)
class Why:
    """What stands behind a parameter.

    Parameters
    ----------
    lesson
        Its id: "ctf-blur".
    formula
        Where the parameter enters, in symbols.
    words
        What that means, in one sentence.
    """

    lesson: str
    formula: str
    words: str


_PHASE = "χ(k) = π λ Δf k² − (π/2) Cs λ³ k⁴ + φ + asin Q"
_DOSE = "q(k) = exp(−N / 2 Nₑ(k))"

#: Parameters and input ports by name; with the job before it where the name means another thing elsewhere.
WHYS: dict[str, Why] = {
    "pixel_size": Why("convolution-blur", "d ≥ 2 Δx", "Nothing finer than two pixels is in an image (Nyquist)."),
    "output_pixel_size": Why("convolution-blur", "d ≥ 2 Δx", "Larger pixels are quicker, and end the spectrum earlier."),
    "binning": Why("convolution-sharpen", "Δx → b Δx", "Fourier-cropping ends the spectrum at the new Nyquist frequency without aliasing."),
    "voltage": Why("ctf-blur", "λ = h / √(2 m e V (1 + e V / 2 m c²))", "Faster electrons have shorter waves: 0.0197 Å at 300 kV."),
    "cs": Why("ctf-blur", _PHASE, "Spherical aberration bends the phase back at high frequency, as k⁴."),
    "amplitude_contrast": Why("ctf-blur", "c(0) = −Q", "The contrast left at zero frequency: electrons that are lost, not only delayed."),
    "defocus": Why("ctf-blur", _PHASE, "More defocus brings contrast at low frequency, and more rings at high frequency."),
    "astigmatism": Why("ctf-sharpen", "z(α) = ½[(u+v) + (u−v) cos 2(α−α₀)]", "Defocus that depends on direction: rings become ellipses."),
    "tilt": Why("ctf-sharpen", "z(x, y) = z₀ + tan θ · distance from the axis", "On a tilted specimen each place has its own defocus."),
    "phase_shift": Why("phase-contrast-background", _PHASE, "A phase plate turns phase into contrast: φ near 90° at low frequency."),
    "b_factor": Why("image-formation-blur", "|F(k)| → |F(k)| exp(−B k² / 4)", "All that blurs an image a little, told by one number."),
    "dose": Why("image-formation-blur", _DOSE, "More electrons give less noise and more damage; the fine detail goes first."),
    "ice_thickness": Why("image-formation-blur", "exp(−t / mean free path)", "Thick ice loses electrons and adds noise."),
    "snr": Why("image-formation-blur", "c / (c² + 1/SNR)", "The filter of least squares: where the signal is weak, it holds back."),
    "dqe": Why("image-formation-blur", "DQE(k) = SNR²out / SNR²in", "The part of the signal that the detector keeps."),
    "box": Why("ctf-blur", "Δr ≈ λ Δf / d", "Defocus spreads detail d this far; a smaller box cuts it off."),
    "correct-ctf.method": Why("ctf-blur", "FT image = c · FT specimen + noise", "Turning signs is safe; dividing by c blows up noise."),
    "classes": Why("em-2d", "p(class | image) ∝ π exp(−|image − average|² / 2σ²)", "Each image belongs to each class to some degree."),
    "iterations": Why("em-2d", "E-step, M-step, again", "No step makes the likelihood smaller; the start decides where it ends."),
    "angular_step": Why("em-2d", "Δ ≈ d / D, in radians", "Finer turns than detail over diameter change nothing that can be seen."),
    "symmetry": Why("rotations-blur", "V(g r) = V(r)", "An image counts once for each symmetric view: right only if the particle has it."),
    "turn_prior": Why("rotations-sharpen", "p(R) ∝ exp(−angle² / 2σ²)", "How far a pose may turn from where it was."),
    "to_size": Why("interpolation-blur", "pad or crop FT", "The best interpolation of a band-limited map."),
    "regularise": Why("inversion-sharpen", "V = (Σ c X / σ²) / (Σ c² / σ² + 1 / τ²)", "Coefficients no image has seen are held at zero."),
    "ewald": Why("image-formation-sharpen", "k_z = −λ k² / 2", "Large particles at high resolution are no longer projections."),
    "resolution": Why("resolution", "FSC(1/d) = 0.143", "Where two half-maps stop agreeing."),
    "initial_lowpass": Why("resolution", "d(start) > d(claimed)", "Detail put in at the start comes out at the end."),
    "mask": Why("resolution", "FSC = (FSCₘ − FSCₙ) / (1 − FSCₙ)", "A tight mask makes maps agree by itself; random phases tell how much."),
    "half1": Why("resolution", "FSC = Σ F₁ F₂* / √(Σ|F₁|² Σ|F₂|²)", "Two maps of different particles agree only where there is signal."),
}  # fmt: skip
#: Parameters explained as another one.
ALIKE = {
    "defocus_least": "defocus", "defocus_most": "defocus", "astigmatism_most": "astigmatism", "tilt_angle": "tilt", "tilt_axis": "tilt",
    "fit_phase_shift": "phase_shift", "phase_shift_least": "phase_shift", "phase_shift_most": "phase_shift", "pre_exposure": "dose",
    "ice": "ice_thickness", "box_factor": "box", "join": "initial_lowpass", "target": "resolution",
    "reference_pixel_size": "pixel_size", "shift_prior": "turn_prior", "half2": "half1",
}  # fmt: skip

#: Numbers that lessons start from: as they call them, then as parameters and figures of jobs do.
OWN = {
    "pixel_size": ("pixel_size", "pixel_size_angstrom"), "voltage": ("voltage",), "spherical_aberration": ("cs",),
    "amplitude_contrast": ("amplitude_contrast",), "defocus": ("median_defocus_angstrom", "defocus"), "dose": ("dose",),
    "b_factor": ("b_factor_angstrom2", "b_factor"), "box": ("box",), "diameter": ("diameter", "diameter_angstrom"),
    "resolution": ("resolution_angstrom",), "particles": ("particle_count",),
}  # fmt: skip


def why(job: str, name: str) -> Why | None:
    """Give what stands behind a parameter or port of a job; ``None`` if nobody wrote it down."""
    return WHYS.get(f"{job}.{name}") or WHYS.get(ALIKE.get(name, name))


def own_numbers(records: Iterable[Record], first: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Gather the numbers of a project that lessons can start from.

    Parameters
    ----------
    records
        Its jobs, the latest last; the latest that has a number counts.
    first
        Parameters that count before all jobs: those of the form or job that asks.

    Returns
    -------
    dict[str, float]
        By the names of lessons, those of the ``start`` function there.
    """
    told = [first or {}, *({**record.params, **record.figures} for record in reversed(list(records)))]
    found = {own: next(filter(_is_number, (each.get(name) for each in told for name in names)), None) for own, names in OWN.items()}
    return {own: value for own, value in found.items() if value is not None}


def lesson_path(reason: Why, numbers: Mapping[str, float]) -> str:
    """Give the address of the lesson, opened with ``numbers``: "learn/ctf-blur/?pixel_size=1.2"."""
    query = urlencode({name: f"{value:.6g}" for name, value in numbers.items()})
    return f"learn/{reason.lesson}/" + (f"?{query}" if query else "")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value != 0

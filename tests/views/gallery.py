"""Every figure, with ordinary and with odd input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vitreous.views.classes import classes_figure
from vitreous.views.compared_maps import compared_figure
from vitreous.views.convergence import convergence_figure
from vitreous.views.delocalisation import BoxCurve, delocalisation_figure
from vitreous.views.directional import directional_figure, occupancy_figure
from vitreous.views.figure import Figure
from vitreous.views.frame_envelopes import frame_envelopes_figure
from vitreous.views.from_noise import better_than_noise_figure, einstein_figure
from vitreous.views.fsc import FscCurves, fsc_figure
from vitreous.views.gain import gain_figure
from vitreous.views.guinier import guinier_figure
from vitreous.views.maps import projections_figure, slices_figure
from vitreous.views.mask_sweep import mask_sweep_figure
from vitreous.views.micrograph import micrograph_figure
from vitreous.views.model_fit import (
    model_fsc_figure,
    model_slices_figure,
    q_histogram_figure,
    residue_figure,
    resolutions_figure,
)
from vitreous.views.motion import motion_figure
from vitreous.views.orientations import orientation_figure, sampling_figure
from vitreous.views.phase_residual import phase_residual_figure
from vitreous.views.picks import picks_figure
from vitreous.views.planning import planning_figure
from vitreous.views.polish import frame_weights_figure, particle_tracks_figure
from vitreous.views.reslog import reslog_figure
from vitreous.views.session import defocus_figure, time_figure
from vitreous.views.session_course import course_figure, spread_figure
from vitreous.views.surface_figure import surface_figure
from vitreous.views.thon import thon_figure
from vitreous.views.truth import pose_error_figure, recovery_figure

CHANCE = np.random.default_rng(5)
IMAGE = CHANCE.normal(size=(60, 75)).astype(np.float32)
NAN = float("nan")
K = np.linspace(0.005, 0.25, 40)
BALL = (np.add.outer(np.add.outer(*[(np.arange(20) - 10.0) ** 2] * 2), (np.arange(20) - 10.0) ** 2) < 30).astype(np.float32)


def gappy(values: np.ndarray) -> np.ndarray:
    """A copy with NaN and infinity in it."""
    out = np.array(values, dtype=float)
    out.flat[1], out.flat[2] = NAN, np.inf
    return out


def thon(**changes: object) -> Figure:
    base = {"rings": CHANCE.normal(size=(41, 41)), "k_most": 0.25, "k": K, "measured": np.cos(90 * K), "fitted": np.cos(90 * K),
            "correlation": 1 - K, "resolution": 5.0}  # fmt: skip
    return thon_figure(**{**base, **changes})


def judged(count: int, bad: int, **descriptors: object) -> list[dict]:
    """Rows as in verdicts.json, every ``bad``-th bad."""
    return [{"micrograph": f"a_long_name_of_number_{i}", "verdict": "bad" if i % bad == bad - 1 else "good", "score": 0.9 - 0.01 * i,
             "descriptors": {name: value if i % 3 else None for name, value in descriptors.items()}} for i in range(count)]  # fmt: skip


def weights_of_frames(dose: np.ndarray, b_factor: np.ndarray) -> Figure:
    count = len(dose)
    return frame_weights_figure(dose, scale=np.zeros(count), scale_sigma=np.full(count, 0.1), b_factor=b_factor,
                                b_sigma=np.full(count, 9.0), k=K, weights=np.ones((count, len(K))))  # fmt: skip


FIGURES: dict[str, Callable[[], Figure]] = {
    "motion": lambda: motion_figure(CHANCE.normal(size=(12, 2)), pixel_size=1.2, shape=(60, 75), dose_per_frame=1.1,
                                    picture=IMAGE, tracks=CHANCE.normal(size=(4, 12, 2)),
                                    places=[[10, 10], [50, 10], [10, 50], [50, 50]]),
    "motion, one frame": lambda: motion_figure([[0.0, 0.0]], pixel_size=1.0, shape=(60, 75)),
    "motion, NaN": lambda: motion_figure(gappy(np.ones((6, 2))), pixel_size=1.0, shape=(9, 9), truth=np.ones((6, 2)),
                                         tracks=np.full((1, 6, 2), NAN), places=[[4, 4]]),
    "frames": lambda: frame_envelopes_figure(-0.02 * K, 0.01 + 0 * K, 40 * K, 5 + 0 * K, dose_per_frame=1.1, name="a"),
    "frames, NaN": lambda: frame_envelopes_figure(gappy(K), K, gappy(K), K),
    "gain": lambda: gain_figure(1 + 0.02 * IMAGE, spread=0.02, noise=0.01, error=0.009),
    "gain, defects and NaN": lambda: gain_figure(gappy(np.where(IMAGE > 1, 0, 1)), spread=0.0, noise=0.1, error=0.0),
    "particle tracks": lambda: particle_tracks_figure(CHANCE.normal(size=(5, 12, 2)), CHANCE.uniform(0, 60, (5, 2)), pixel_size=1.2,
                                                      shape=(60, 75), sigma=np.ones((5, 12)), dose_per_frame=1.1, picture=IMAGE),
    "particle tracks, one still particle": lambda: particle_tracks_figure(np.zeros((1, 2, 2)), [[4, 4]], pixel_size=1.0, shape=(9, 9)),
    "frame weights": lambda: weights_of_frames(np.arange(1, 13.0), np.linspace(0, -200, 12)),
    "frame weights, no dose, NaN": lambda: weights_of_frames(np.zeros(2), gappy(np.zeros(3))[:2]),
    "micrograph": lambda: micrograph_figure(IMAGE, pixel_size=4.0, name="a"),
    "micrograph, constant": lambda: micrograph_figure(np.ones((30, 30)), pixel_size=1.0),
    "thon": lambda: thon(power=1 + K, power_fit=1 + K, background=1 + 0 * K, angle_deg=31.0, summary="1.5 µm"),
    "thon, NaN": lambda: thon(measured=gappy(K), correlation=gappy(K), power=gappy(1 + K), rings=np.zeros((5, 5)),
                              resolution=NAN),
    "delocalisation": lambda: delocalisation_figure(IMAGE[:60, :60], pixel_size=2.0, diameter=60.0, k=K, displaced=200 * K,
                                                    advised=BoxCurve(length=110.0, lost=0 * K),
                                                    intended=BoxCurve(length=80.0, lost=K), summary="1.5 µm"),
    "delocalisation, constant": lambda: delocalisation_figure(np.zeros((8, 8)), pixel_size=2.0, diameter=6.0, k=K, displaced=0 * K,
                                                              advised=BoxCurve(length=10.0, lost=gappy(K))),
    "picks": lambda: picks_figure(IMAGE, [[10, 10], [30, 40]], pixel_size=2.0, diameter=20, scores=[0.3, 0.5], threshold=0.2,
                                  truth=[[10, 11], [60, 20]]),
    "no picks": lambda: picks_figure(IMAGE, np.zeros((0, 2)), pixel_size=2.0, diameter=20, scores=[], truth=np.zeros((0, 2))),
    "classes": lambda: classes_figure(CHANCE.normal(size=(23, 16, 16)), CHANCE.dirichlet(np.ones(23)), pixel_size=3.0,
                                      kept=np.arange(23) < 15, notes=["9 Å"] * 23),
    "one class": lambda: classes_figure(IMAGE[None, :60, :60], [1.0], pixel_size=3.0, kept=[False]),
    "no class": lambda: classes_figure(np.zeros((0, 8, 8)), [], pixel_size=3.0),
    "class of NaN": lambda: classes_figure(np.full((2, 8, 8), NAN), [NAN, 1.0], pixel_size=3.0),
    "orientations": lambda: orientation_figure(np.stack([np.eye(3)] * 9), symmetry="D2"),
    "no orientation": lambda: orientation_figure(np.zeros((0, 3, 3))),
    "slices": lambda: slices_figure(BALL, 2.0),
    "slices, NaN": lambda: slices_figure(np.full((4, 5, 6), NAN), 2.0),
    "projections": lambda: projections_figure(BALL, 2.0),
    "surface": lambda: surface_figure(BALL, 2.0, size=40),
    "surface, empty": lambda: surface_figure(np.zeros((8, 8, 8)), 2.0, size=20),
    "fsc": lambda: fsc_figure(FscCurves(k=K, corrected=1 - 4 * K, masked=1 - 4 * K, unmasked=1 - 4 * K, randomised=0 * K, low=-K,
                                        high=K, truth=K, model=K), resolution=5.1, interval=(4.9, 5.3)),
    "fsc, none": lambda: fsc_figure(FscCurves(k=K, corrected=gappy(K)), resolution=None),
    "fsc, not finite": lambda: fsc_figure(FscCurves(k=K, corrected=gappy(K)), resolution=9.0, interval=(NAN, NAN)),
    "mask sweep": lambda: mask_sweep_figure([-9, 0, 12], [7.0, 8.1, 9.0], [9.1, 9.0, 9.2], [0.4, 0.1, 0.0], finer=[8.5, 8.8, 9.0],
                                            coarser=[9.6, 9.3, 9.5]),
    "mask sweep, no agreement": lambda: mask_sweep_figure([0, 12], [NAN, NAN], [NAN, 9.2], [0.0, NAN], finer=[NAN, NAN],
                                                          coarser=[NAN, 9.5]),
    "phase residual": lambda: phase_residual_figure(K, 104 * (1 - np.exp(-20 * K))),
    "phase residual, NaN": lambda: phase_residual_figure(gappy(K), gappy(K)),
    "directional": lambda: directional_figure(np.eye(3), 1 - 4 * K * np.array([[1.0], [2.0], [0.5]]), 1 - 4 * K, length=160.0,
                                              resolution=[9.0, 20.0, 5.0]),
    "occupancy": lambda: occupancy_figure(1 - 4 * K, np.where(K < 0.1, 0.5, 1e-9), length=160.0, ends=(9.0, 5.0), average=1 - 4 * K),
    "occupancy, NaN": lambda: occupancy_figure(gappy(K), gappy(K), length=160.0, ends=(5.0, 5.0)),
    "planning": lambda: planning_figure([8.0, 4.0, 2.0], [1e2, 1e4, 1e8], [5e1, 5e3, 1e6], [1e3, 1e5, 1e12], wanted=3.0,
                                        b_factors=(70.0, 100.0, 140.0), mass=[10.0, 1e3], seen=[50.0, 0.1], told=[9e3, NAN],
                                        specimen=500.0, given=40.0),
    "sampling": lambda: sampling_figure(np.eye(3), [0.0, 1.5, 1.5], tilts_deg=[0, 20, 40], scf_star=[0.01, 0.2, 0.4], advised=40.0),
    "reslog": lambda: reslog_figure([100, 200, 400], [0.01, 0.012, 0.014], [1e-3] * 3, nyquist=6.0, line=([100, 1000], [0.01, 0.018]),
                                    b_factor=90.0, b_interval=(80.0, 101.0), target=(8.0, 700.0), noise=([100, 400], [1e-4, 1e-4])),
    "reslog, none": lambda: reslog_figure([100, 200], [NAN, NAN], [NAN, NAN], nyquist=6.0),
    "better than noise": lambda: better_than_noise_figure(CHANCE.normal(size=99), gappy(CHANCE.normal(size=99)), K, 1 - K, gappy(K)),
    "einstein": lambda: einstein_figure(IMAGE, IMAGE, [10, 100], [0.1, 0.3], [0.1, 0.32], [0.0, 0.1], [0.0, NAN]),
    "guinier": lambda: guinier_figure(K, -30 * K**2, b_factor=120, intercept=0, fit_range=(10, 5), b_error=8, weighted=gappy(K),
                                      sharpened=0 * K, expected=0 * K),
    "compared maps": lambda: compared_figure(BALL, 2 * BALL, 2.0, mask=BALL > 0),
    "compared maps, empty": lambda: compared_figure(np.zeros((4, 5, 6)), np.zeros((4, 5, 6)), 2.0),
    "defocus": lambda: defocus_figure(CHANCE.uniform(8e3, 2e4, 9), astigmatism=np.ones(9), resolution=gappy(np.ones(9)),
                                      kept=[True] * 8 + [False]),
    "defocus of one": lambda: defocus_figure([15000.0]),
    "defocus of none": lambda: defocus_figure([]),
    "course": lambda: course_figure(judged(9, 4, mean=5.0, defocus=15000.0, contamination=0.1)),
    "course of one": lambda: course_figure(judged(1, 1)),
    "course, none good": lambda: course_figure(judged(5, 1, ice_thickness=100.0, mean=5.0)),
    "spread": lambda: spread_figure(judged(9, 4, mean=5.0, smear=3.0, motion_total=20.0)),
    "spread of one": lambda: spread_figure(judged(1, 2)),
    "time": lambda: time_figure(["align-movies", "refine"], [1.5, 4000.0], memory=[1e9, 2e9]),
    "time of none": lambda: time_figure([], []),
    "time unknown": lambda: time_figure(["a"], [NAN]),
    "pose errors": lambda: pose_error_figure(CHANCE.exponential(1, 99), gappy(CHANCE.exponential(1, 99))),
    "pose errors of none": lambda: pose_error_figure([], []),
    "recovery": lambda: recovery_figure(np.arange(5.0), gappy(np.arange(5.0)), label="Defocus", unit="Å"),
    "recovery of none": lambda: recovery_figure([], [], label="Defocus", unit="Å"),
    "convergence": lambda: convergence_figure([20, 12, 9], change_deg=[9, 4, NAN], certainty=[0.1, 0.5, 0.9]),
    "model fsc": lambda: model_fsc_figure(K, 1 - 4 * K, low=0.9 - 4 * K, high=1.1 - 4 * K, unmasked=gappy(K), halves=K, resolution=5.0),
    "model fsc, none": lambda: model_fsc_figure(K, gappy(K), low=gappy(K), high=gappy(K), resolution=None),
    "q of residues": lambda: residue_figure({name: (np.arange(9), CHANCE.uniform(size=9)) for name in "ABCDEFGH"}, expected=0.6),
    "q of no residue": lambda: residue_figure({}),
    "q of atoms": lambda: q_histogram_figure(gappy(K), expected=0.5),
    "model slices": lambda: model_slices_figure(BALL, 2.0, CHANCE.normal(20, 5, (50, 3))),
    "resolutions": lambda: resolutions_figure({"d_FSC": None, "d_99": 3.1, "d_model": NAN}, ("d_99 < d_FSC: verify.",)),
    "no resolutions": lambda: resolutions_figure({"d_FSC": None}),
}  # fmt: skip

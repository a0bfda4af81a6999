"""How many particles, which dose, pixel and ice: what an experiment will need, before it is done."""

from __future__ import annotations

from vitreous.stages.planner.dose import contrast, dose_to_detect
from vitreous.stages.planner.matter import ICE, ICE_AS_PRINTED, PROTEIN, PROTEIN_AS_PRINTED, Matter, beta, elastic_cross_section
from vitreous.stages.planner.measurements import crowther, images_for_measurements, measurements_by_taylor, measurements_needed
from vitreous.stages.planner.particles import Experiment, particles_needed, resolution_reached, rosenthal_henderson, stagg
from vitreous.stages.planner.phase_contrast import dose_to_see
from vitreous.stages.planner.plan import ASSUMPTIONS, Plan, Specimen, doses_by_mass, particles_by_resolution, plan
from vitreous.stages.planner.snr import composite_snr, snr_from_correlation

__all__ = [
    "ASSUMPTIONS",
    "ICE",
    "ICE_AS_PRINTED",
    "PROTEIN",
    "PROTEIN_AS_PRINTED",
    "Experiment",
    "Matter",
    "Plan",
    "Specimen",
    "beta",
    "composite_snr",
    "contrast",
    "crowther",
    "dose_to_detect",
    "dose_to_see",
    "doses_by_mass",
    "elastic_cross_section",
    "images_for_measurements",
    "measurements_by_taylor",
    "measurements_needed",
    "particles_by_resolution",
    "particles_needed",
    "plan",
    "resolution_reached",
    "rosenthal_henderson",
    "snr_from_correlation",
    "stagg",
]

"""Particles against their map: residuals, correlation, alignability, agreement of assignments, tilt pairs."""

from vitreous.stages.particle_checks.alignability import Alignability, alignability
from vitreous.stages.particle_checks.checks import ParticleChecks, check_particles, sample_rows
from vitreous.stages.particle_checks.consensus import Agreement, agreement, chance_of_agreement, in_common
from vitreous.stages.particle_checks.correlation import defocus_bins, percentiles
from vitreous.stages.particle_checks.defocus import DefocusErrors, defocus_errors
from vitreous.stages.particle_checks.evidence import Posed, ShellSums, load_posed, shell_sums
from vitreous.stages.particle_checks.fit import Fit, fit_images
from vitreous.stages.particle_checks.gallery import Shown, residual_images
from vitreous.stages.particle_checks.judge import judge_alignability, judge_correlation, judge_residuals
from vitreous.stages.particle_checks.prepare import pose_particles
from vitreous.stages.particle_checks.presence import Presence, presence
from vitreous.stages.particle_checks.residuals import ResidualScores, residual_scores
from vitreous.stages.particle_checks.thresholds import TwoGaussians, otsu, two_gaussians
from vitreous.stages.particle_checks.tilt_pairs import TiltCluster, TiltSearch, search_tilt, tilt_cluster

__all__ = [
    "Agreement",
    "Alignability",
    "DefocusErrors",
    "Fit",
    "ParticleChecks",
    "Posed",
    "Presence",
    "ResidualScores",
    "ShellSums",
    "Shown",
    "TiltCluster",
    "TiltSearch",
    "TwoGaussians",
    "agreement",
    "alignability",
    "chance_of_agreement",
    "check_particles",
    "defocus_bins",
    "defocus_errors",
    "fit_images",
    "in_common",
    "judge_alignability",
    "judge_correlation",
    "judge_residuals",
    "load_posed",
    "otsu",
    "percentiles",
    "pose_particles",
    "presence",
    "residual_images",
    "residual_scores",
    "sample_rows",
    "search_tilt",
    "shell_sums",
    "tilt_cluster",
    "two_gaussians",
]

"""How far a map is resolved at each place: correlation in windows, amplitude over noise, and along directions."""

from vitreous.stages.local_resolution.judge import judge_local_resolution
from vitreous.stages.local_resolution.monodir import DirectionalResolution, monodir
from vitreous.stages.local_resolution.monogenic import monogenic
from vitreous.stages.local_resolution.monotomo import TomogramResolution, monotomo
from vitreous.stages.local_resolution.windowed_fsc import windowed_fsc

__all__ = [
    "DirectionalResolution",
    "TomogramResolution",
    "judge_local_resolution",
    "monodir",
    "monogenic",
    "monotomo",
    "windowed_fsc",
]

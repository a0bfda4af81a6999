"""Two half-maps of one size: processor seconds of the correlation alone and of everything, peak memory, and relion_postprocess beside.

    python benchmarks/postprocess.py [--size 256] [--part fsc|all|relion]

The FSC counts both transforms; 'all' is mask, curves, findings, B-factor and sharpened map. Each part wants a process of its own: the
peak of memory is the process's.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import torch

from vitreous.data.volume import Volume
from vitreous.io.mrc import write_volume
from vitreous.numerics.filters import apply, soft_disc
from vitreous.numerics.fourier import frequency_squared, rfftn
from vitreous.numerics.shells import shell_correlation
from vitreous.stages.postprocess import postprocess

VOXEL, B_FACTOR = 1.0, 60.0


def halves(size: int) -> tuple[Volume, Volume]:
    """A blurred random blob in the middle third, with noise."""
    chance = torch.Generator().manual_seed(0)
    signal = torch.randn((size,) * 3, generator=chance).mul_(soft_disc((size,) * 3, size / 4, 6.0))
    signal += 0.5 * soft_disc((size,) * 3, size / 4, 6.0)
    signal = apply(signal, torch.exp(-B_FACTOR / 4 * frequency_squared(signal.shape, VOXEL, like=signal)), axes=3)
    scale = float(signal.std())
    one, two = (signal + scale * torch.randn(signal.shape, generator=chance) for _ in range(2))
    return Volume(one, VOXEL), Volume(two, VOXEL)


def spent(who: int) -> float:
    """Processor seconds, of this process or of its children."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def relion(pair: tuple[Volume, Volume]) -> None:
    """relion_postprocess on the same halves and a ball for a mask."""
    with tempfile.TemporaryDirectory() as folder:
        mask = Volume(soft_disc(pair[0].shape, pair[0].shape[0] / 3, 8.0), VOXEL)
        for name, volume in (("h1", pair[0]), ("h2", pair[1]), ("mask", mask)):
            write_volume(Path(folder) / f"{name}.mrc", volume)
        command = ["relion_postprocess", "--i", "h1.mrc", "--i2", "h2.mrc", "--mask", "mask.mrc", "--o", "out", "--angpix", str(VOXEL),
                   "--auto_bfac", "--autob_lowres", "10"]  # fmt: skip
        subprocess.run(command, cwd=folder, check=False, capture_output=True)


def main() -> None:
    """Measure one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--part", choices=("fsc", "all", "relion"), default="all")
    given = parser.parse_args()
    if given.part == "relion" and shutil.which("relion_postprocess") is None:
        raise SystemExit("relion_postprocess is not installed")
    pair = halves(given.size)
    if given.part == "fsc":
        shell_correlation(*(rfftn(torch.randn(16, 16, 16)) for _ in range(2)), (16,) * 3)  # compiles
    who = resource.RUSAGE_CHILDREN if given.part == "relion" else resource.RUSAGE_SELF
    before, clock = spent(who), time.perf_counter()
    if given.part == "fsc":
        shell_correlation(*(rfftn(half.values) for half in pair), pair[0].shape)
    elif given.part == "all":
        print(postprocess(*pair, torch.Generator().manual_seed(1)).resolution)
    else:
        relion(pair)
    memory = resource.getrusage(who).ru_maxrss / 2**20
    print(f"{given.part} {given.size}³: {spent(who) - before:.2f} CPU s, {time.perf_counter() - clock:.2f} s, peak {memory:.2f} GB")


if __name__ == "__main__":
    main()

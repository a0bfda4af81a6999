"""Files that microscopes and other programs wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from vitreous.errors import FormatError, InputError
from vitreous.io.coordinates import read_picks
from vitreous.io.micrographs import read_micrographs
from vitreous.io.mrc import open_stack, read_header, read_image, read_volume
from vitreous.io.particles import read_particles, write_particles

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize(("name", "shape", "voxel", "corner"), [
    ("betaGal_relion_tutorial.mrc.gz", (100, 100, 100), 3.54, (0, 0, 0)),
    ("EMD-30342_chainA_zone.mrc.gz", (63, 81, 89), 1.113, (145.825, 112.825, 120.517)),
    ("apoferritin_EMD-20026_subunit.mrc.gz", (112, 104, 94), 0.65, (117.0, 65.65, 101.4)),
    ("EMD-3197.map.gz", (20, 20, 20), 11.4, (-22.8, 0, 0)),
])  # fmt: skip
def test_maps(real_data: Path, name: str, shape: tuple, voxel: float, corner: tuple):
    volume = read_volume(real_data / "maps" / name)
    assert volume.shape == shape
    assert volume.voxel_size == pytest.approx(voxel, rel=1e-5)
    assert volume.corner == pytest.approx(corner, abs=1e-3)
    low, high, mean, _ = read_header(real_data / "maps" / name).statistics
    found = volume.values.double()
    assert (found.min(), found.max(), found.mean()) == pytest.approx((low, high, mean), abs=2e-4)


def test_a_crystal_map_is_refused(real_data: Path):
    """EMD-3001: 94.3 degrees, axes z x y, three voxel sizes, 160 bytes of symmetry."""
    header = read_header(real_data / "maps" / "EMD-3001.map.gz")
    assert (header.shape, header.axes, header.extended_bytes) == ((25, 43, 73), (3, 1, 2), 160)
    with pytest.raises(FormatError, match="angles must be 90 degrees"):
        read_volume(real_data / "maps" / "EMD-3001.map.gz")


def test_a_wrong_pixel_size_can_be_overruled(real_data: Path):
    path = real_data / "maps" / "betaGal_localResolution.mrc.gz"
    assert read_volume(path).voxel_size == 1.0
    assert read_volume(path, voxel_size=3.54).voxel_size == 3.54


@pytest.mark.parametrize(("name", "shape", "pixel_size"), [
    ("epu2.9_example_crop2048_y1024_x1024.mrc.bz2", (2048, 2048), 0.66655), ("k2_contaminated_1142.mrc", (927, 959), None),
    ("k2_contaminated_1142_mask.mrc.gz", (927, 959), None), ("KLH_crop_xmipp.tif", (844, 760), None),
])  # fmt: skip
def test_single_micrographs(real_data: Path, name: str, shape: tuple, pixel_size: float | None):
    image, found = read_image(real_data / "micrographs" / name)
    assert image.shape == shape
    assert found == (None if pixel_size is None else pytest.approx(pixel_size, rel=1e-5))
    assert image.dtype == np.float32


def test_the_session(real_data: Path):
    folder = real_data / "micrographs" / "apoferritin_EMPIAR-10146"
    images = sorted(folder.glob("*_avg50.mrc"))
    assert len(images) == 20
    for path in images:
        image, pixel_size = read_image(path)
        assert (image.shape, pixel_size) == ((1200, 1240), 1.5)
        assert image.min() < 0, "bytes are signed"


def test_protein_is_dark_where_the_picks_say_it_is(real_data: Path):
    """Averaged over a particle's width, and only if row and column are what they should be: mirrored picks see nothing."""
    folder = real_data / "micrographs" / "apoferritin_EMPIAR-10146"
    darkness = {False: [], True: []}
    for path in sorted(folder.glob("*_picks.star")):
        image, _ = read_image(path.with_name(path.name.replace("_picks.star", "_avg50.mrc")))
        smooth = uniform_filter(image, 71)
        picks, extra = read_picks(path)
        x, y = picks[extra["rlnClassNumber"] == 0].T.round().astype(int)
        for mirrored, columns in ((False, x), (True, 1239 - x)):
            darkness[mirrored].append(smooth[y, columns].mean() - smooth.mean())
    assert len(darkness[False]) == 13
    assert max(darkness[False]) < -1.5
    assert max(map(abs, darkness[True])) < 0.5


@pytest.mark.parametrize(("name", "count", "pixel_size", "size"), [
    ("aspire_sample17", 17, 1.338, 200), ("empiar_10076_7", 7, 1.31, 320), ("relion31", 5, 2.806, 256),
])  # fmt: skip
def test_particles(real_data: Path, tmp_path: Path, name: str, count: int, pixel_size: float, size: int):
    """Two of these files name stacks that are not there, which is said; with the stack given they survive a round trip."""
    star, stack = real_data / "particles" / f"{name}.star", real_data / "particles" / f"{name}.mrcs"
    if name == "relion31":
        assert read_particles(star).stack == (stack,)
    else:
        with pytest.raises(FormatError, match=r"row 1, column rlnImageName.*must exist"):
            read_particles(star)
    p = read_particles(star, stack=stack)
    assert len(p) == count
    assert p.pixel_size == pytest.approx(pixel_size, rel=1e-3)
    assert open_stack(p.stack[0]).read(p.slice_index).shape == (count, size, size)
    write_particles(tmp_path / "a.star", p)
    q = read_particles(tmp_path / "a.star")
    np.testing.assert_allclose(q.defocus, p.defocus, atol=1e-6)
    assert list(q.extra) == list(p.extra)


@pytest.mark.parametrize(("name", "count", "groups", "stacks"), [
    ("FinalRefinement-OriginalParticles-PfCRT", 5, 1, 1), ("relion31.6opticsgroups", 139, 6, 139), ("relion5", 17, 1, 2),
])  # fmt: skip
def test_metadata(real_data: Path, name: str, count: int, groups: int, stacks: int):
    p = read_particles(real_data / "metadata" / f"{name}.star", require_images=False)
    assert (len(p), len(p.optics), len(p.stack)) == (count, groups, stacks)
    assert p.rotation.shape == (count, 3, 3)
    assert p.shift.shape == p.coordinate.shape == (count, 2)


def test_old_ctf_files_and_other_formats(real_data: Path):
    micrographs = read_micrographs(real_data / "tilt" / "TS_018_018_gctf.star")
    assert len(micrographs) == 60
    assert all(m.defocus.u >= m.defocus.v > 20_000 and m.fit_score < 0.1 for m in micrographs)
    for wrong in ("metadata/cryosparc_J2_particles_exported.cs", "maps/EMD-3197.map.gz"):
        with pytest.raises(InputError):
            read_particles(real_data / wrong)
    assert open_stack(real_data / "tilt" / "cryocat_tilt_stack_4.mrc").count == 4

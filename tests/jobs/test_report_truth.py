"""The comparison with the truth, on cases whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.micrograph import Defocus, Micrograph
from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.io.particles import write_particles
from vitreous.jobs.coordinate_list import Coordinates
from vitreous.jobs.report.sampling import sampling
from vitreous.jobs.report.truth import TrueSession, defocus_errors, motion_errors, picking_agreement
from vitreous.jobs.report.truth_map import MapMatch, _shifted, match
from vitreous.jobs.report.truth_poses import pose_errors
from vitreous.numerics.map_align import mirror, turn
from vitreous.numerics.rotations import exponential, random_rotations

PIXEL, SIZE = 4.0, 40
OFFSET = torch.tensor([5.2, -3.4, 6.6], dtype=torch.float64)  # Å, not a whole number of voxels


def body(blur: float = 1.7) -> torch.Tensor:
    """Six balls of different weight: no symmetry, and unlike its mirror image."""
    places = torch.tensor([[0, 0, 7], [6, 0, -2], [-5, 4, 0], [0, -7, -3], [3, 4, 5], [-4, -3, -6]], dtype=torch.float32)
    weights = torch.tensor([1.0, 1.4, 0.8, 1.1, 0.6, 1.7])
    line = torch.arange(SIZE) - SIZE // 2
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    at = torch.stack([x, y, z], -1).float()
    return sum(w * torch.exp(-((at - p) ** 2).sum(-1) / (2 * blur**2)) for p, w in zip(places, weights))


TRUE = body()
TURN = exponential(torch.tensor([0.7, -1.1, 0.9], dtype=torch.float64))


def found_map(*, mirrored: bool) -> torch.Tensor:
    """V with T(r) = V(M (g r + c)): T turned by g back, moved by c, and mirrored."""
    moved = _shifted(turn(TRUE, TURN.T), OFFSET / PIXEL)
    return mirror(moved) if mirrored else moved


@pytest.fixture(scope="module", params=[False, True], ids=["same hand", "mirrored"])
def matched(request) -> tuple[bool, MapMatch]:
    return request.param, match(Volume(found_map(mirrored=request.param), PIXEL), None, TRUE)


def test_the_map_is_turned_moved_and_mirrored_onto_the_truth(matched):
    mirrored, found = matched
    assert found.mirrored is mirrored
    angle = torch.rad2deg(torch.arccos((((found.rotation.T @ TURN).trace() - 1) / 2).clamp(-1, 1)))
    assert angle < 0.7  # the last random turns are spread by 0.15°, on a body of 8 voxels' radius
    assert torch.allclose(found.offset, OFFSET, atol=0.8)  # a fifth of a voxel: a parabola through three voxels
    assert found.resolution < 10  # finer there is nothing: the balls are soft
    assert found.fsc[1:12].min() > 0.99


def test_another_body_correlates_with_the_truth_only_coarsely():
    other = turn(body().flip(0) ** 3, TURN) + 0.02 * torch.randn(SIZE, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    assert match(Volume(other, PIXEL), None, TRUE).resolution > 20


def true_session(folder: Path, rotation: torch.Tensor, coordinate: np.ndarray) -> TrueSession:
    count = len(rotation)
    write_particles(folder / "particles.star", Particles(
        optics=(Optics(pixel_size=PIXEL),), group=np.zeros(count, np.int64), rotation=rotation.numpy(), coordinate=coordinate,
        micrograph=("raw/m1.tif",), micrograph_index=np.zeros(count, np.int64)))  # fmt: skip
    grid = np.array([0.0, 200.0])
    frames = np.arange(4.0)[:, None]
    field = frames[:, None, None] * np.stack(np.meshgrid(grid, grid), -1) / 400  # grows with the place
    movie = {
        "movie": "../raw/m1.tif", "defocus": {"u": 20100.0, "v": 19900.0, "angle_deg": 175.0, "phase_shift_deg": 0.0},
        "position_pixels": coordinate.tolist(), "drift_angstrom": (frames * [2.0, -1.0]).tolist(),
        "field_x_pixels": grid.tolist(), "field_y_pixels": grid.tolist(), "field_angstrom": field.tolist(),
    }  # fmt: skip
    specimen = {"name": "balls", "mass_kda": 100.0, "diameter_angstrom": 60.0, "symmetry": "C1"}
    settings = {"optics": {"pixel_size": PIXEL}}
    told = {"settings": settings, "specimen": specimen, "map": "map.mrc", "particles": "particles.star", "movies": [movie]}
    return TrueSession(folder / "truth.json", told)


def views(count: int) -> tuple[torch.Tensor, np.ndarray]:
    generator = torch.Generator().manual_seed(3)
    places = np.stack(np.meshgrid(np.arange(4) * 40.0 + 30, np.arange(2) * 40.0 + 30), -1).reshape(-1, 2)[:count]
    return random_rotations(count, generator), places


def own_poses(true: torch.Tensor, *, mirrored: bool) -> tuple[torch.Tensor, np.ndarray]:
    """Poses under which ``found_map`` projects as the truth does, found by projecting: R = R_true gᵀ, or Z R_true gᵀ M."""
    z, m = torch.diag(torch.tensor([1.0, 1, -1]).double()), torch.diag(torch.tensor([-1.0, 1, 1]).double())
    poses = z @ true @ TURN.T @ m if mirrored else true @ TURN.T
    centre = (m @ OFFSET) if mirrored else OFFSET
    return poses, -(poses @ centre)[:, :2].numpy()


def projection(volume: torch.Tensor, pose: torch.Tensor) -> torch.Tensor:
    return turn(volume, pose.T).sum(0)


def test_the_poses_of_the_test_are_right(matched):
    """The formula is not believed: both maps are projected, and the pictures are the same."""
    from vitreous.numerics.fourier import shift

    mirrored, _ = matched
    true, _ = views(3)
    poses, moves = own_poses(true, mirrored=mirrored)
    for r_true, r_found, move in zip(true, poses, moves):
        expected = projection(TRUE, r_true)
        got = shift(projection(found_map(mirrored=mirrored), r_found), torch.from_numpy(move / PIXEL))
        assert (got - expected).abs().max() < 0.03 * expected.max()


def test_poses_are_compared_in_the_frame_of_the_truth(matched, tmp_path: Path):
    mirrored, found = matched
    true, places = views(8)
    truth = true_session(tmp_path, true, places)
    poses, shift = own_poses(true, mirrored=mirrored)
    wrong = random_rotations(1, torch.Generator().manual_seed(9))
    particles = Particles(
        optics=(Optics(pixel_size=PIXEL),), group=np.zeros(9, np.int64), rotation=torch.cat([poses[:7], wrong, wrong]).numpy(),
        shift=np.concatenate([shift, np.zeros((1, 2))]), coordinate=np.concatenate([places + 3.0, [[500.0, 500.0]]]),
        micrograph=("jobs/x/m1.mrc",), micrograph_index=np.zeros(9, np.int64),
    )  # fmt: skip
    errors = pose_errors(particles, found, truth)
    assert errors.false == 1
    assert errors.angle_deg[:7].max() < 0.7
    assert errors.angle_deg[7] > 10  # the wrong one
    # All are 3 pixels off alike, as a displaced micrograph would be: no error of a pose.
    assert errors.shift[:7].max() < 1.0


def test_motion_is_compared_up_to_a_shift_of_all_frames(tmp_path: Path):
    rotation, places = views(2)
    truth = true_session(tmp_path, rotation, places)
    told = {"places_pixels": [[100.0, 100.0], [0.0, 200.0]],
            "tracks_angstrom": (truth.motion("m1", np.array([[100.0, 100.0], [0.0, 200.0]])) + 7.0).tolist()}  # fmt: skip
    error, whole = motion_errors({"m1": told, "unknown": told}, truth)["m1"]
    assert error == pytest.approx(0, abs=1e-9)
    assert whole > 2
    # In the middle the field adds a quarter of an Å a frame along x and y, at (0, 200) half an Å along y alone.
    assert np.allclose(truth.motion("m1", np.array([[100.0, 100.0]]))[0, 2], [4 + 0.5, -2 + 0.5])
    still = motion_errors({"m1": told | {"tracks_angstrom": np.zeros((2, 4, 2)).tolist()}}, truth)["m1"]
    assert still[0] == pytest.approx(whole)
    assert np.allclose(truth.drift("m1")[2], [4 + 0.5, -2 + 0.5])
    assert truth.drift("unknown") is None


def micrograph(name: str, defocus: Defocus | None = None) -> Micrograph:
    return Micrograph(path=Path(name), optics=Optics(pixel_size=2 * PIXEL), defocus=defocus)


def test_defocus_and_astigmatism(tmp_path: Path):
    truth = true_session(tmp_path, *views(2))
    fits = [micrograph("jobs/m1.mrc", Defocus(u=20150.0, v=19950.0, angle_deg=-5.0 % 180)), micrograph("m9.mrc", Defocus(u=1.0, v=1.0)),
            micrograph("m1.mrc")]  # fmt: skip
    errors = defocus_errors(fits, truth)
    assert (errors.found - errors.true).tolist() == pytest.approx([50.0])
    assert errors.astigmatism.tolist() == pytest.approx([0.0], abs=1e-6)


def test_picks_on_binned_micrographs_and_movies_without_picks(tmp_path: Path):
    truth = true_session(tmp_path, *views(8))
    places = truth.places("m1", 2 * PIXEL)
    assert places[0].tolist() == [15, 15]
    picks = {0: Coordinates(np.concatenate([places[:6] + 1, [[400.0, 400.0]]]), np.zeros(7))}
    found = picking_agreement(picks, [micrograph("m1.mrc")], truth)
    assert (found.matched, found.found, found.true) == (6, 7, 8)
    nothing = picking_agreement({}, [], truth)
    assert (nothing.recall, nothing.true) == (0.0, 8)


def test_even_views_are_even_and_side_views_are_not():
    even = random_rotations(4000, torch.Generator().manual_seed(0)).numpy()[:, 2]
    assert sampling(even).evenness > 0.97
    assert sampling(even).least > 0.7
    angle = np.linspace(0, 2 * np.pi, 400)
    tops = np.tile([[0.05, 0.0, 0.9987]], (400, 1))
    around = np.stack([np.cos(angle), np.sin(angle), 0 * angle], -1)
    # Views from the top alone leave a double cone empty; views all around the equator see every direction.
    assert sampling(tops).least == 0.0
    assert sampling(tops).evenness < 0.1
    assert sampling(around).least > 0.3

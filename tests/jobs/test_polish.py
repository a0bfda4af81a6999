"""The verb on a small simulated session: tracks nearer to the truth, a better map, and what is set aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from eer_files import write_eer

from vitreous.data.micrograph import Micrograph
from vitreous.data.motion import Motion
from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.errors import InputError, JobError, VitreousError
from vitreous.inference.load import Band, load_images
from vitreous.inference.noise import initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.io.gain import read_gain
from vitreous.io.micrographs import read_micrographs, write_micrographs
from vitreous.io.motion import write_motion
from vitreous.io.movies import open_movie
from vitreous.io.mrc import read_volume, write_image, write_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.stacks import open_stack, write_stack
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.jobs.align_movies import AlignMovies
from vitreous.jobs.polish import Polish
from vitreous.jobs.polish_movie import MovieTask, Setting, open_as_aligned, open_task
from vitreous.jobs.projects import project
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.resample import centre_resize, fourier_resize
from vitreous.pipeline.project import Project
from vitreous.pipeline.record import Record
from vitreous.reconstruct.fourier import map_correlation, solve
from vitreous.runtime.files import read_json
from vitreous.simulate.session import simulate_session
from vitreous.simulate.settings import SessionSettings
from vitreous.stages.polish import FollowParams, FrameWeights, MovieParticles, sum_frames

PIXEL, BOX, FRAMES, DOSE, DIAMETER = 3.0, 72, 8, 3.0, 150.0


@dataclass(frozen=True)
class Session:
    """Files of a session whose movies are aligned as whole frames, and exactly so."""

    folder: Path
    truth: dict

    def files(self, **others: Path) -> dict[str, Path]:
        """What the verb is given."""
        named = {"particles": "particles.star", "half1": "truth/map.mrc", "half2": "truth/map.mrc", "micrographs": "micrographs.star",
                 "gain": "gain.mrc"}  # fmt: skip
        return {port: self.folder / name for port, name in named.items()} | others

    def way(self, movie: int) -> np.ndarray:
        """Where particles truly went, ``(P, frames, 2)`` in Å."""
        return np.array(self.truth["movies"][movie]["track_angstrom"])


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("session")
    settings = SessionSettings(
        specimen="ribosome head", movies=2, particles=20, shape=(448, 448), optics=Optics(pixel_size=PIXEL), frames=FRAMES,
        dose_per_frame=DOSE, local_motion=9.0, contaminants=0, seed=3,
    )  # fmt: skip
    simulate_session(folder, settings)
    made = Session(folder, read_json(folder / "truth" / "truth.json"))
    table = read_particles(folder / "truth" / "particles.star", require_images=False)
    gain, micrographs, stacks, shifts = read_gain(folder / "gain.mrc"), [], [], np.zeros((len(table), 2))
    for number, told in enumerate(made.truth["movies"]):
        name, drift = Path(told["movie"]).stem, np.array(told["drift_angstrom"])
        motion = Motion(shape=(448, 448), pixel_size=PIXEL, global_shifts=-drift, dose_per_frame=DOSE)
        write_motion(folder / "motion" / f"{name}.star", motion, folder / "raw" / f"{name}.tif")
        micrographs.append(Micrograph(path=folder / "sums" / f"{name}.mrc", optics=Optics(pixel_size=PIXEL),
                                      motion=folder / "motion" / f"{name}.star"))  # fmt: skip
        rows = table.micrograph_index == number
        # refinement would have found particles where they are on average
        shifts[rows] = (made.way(number) - drift).mean(1)
        places = table.coordinate[rows] + shifts[rows] / PIXEL
        movie = open_movie(folder / "raw" / f"{name}.tif")
        found = MovieParticles(movie, lambda values, _: values * np.where(gain > 0, gain, 1), motion, places, BOX)
        even = FrameWeights(*np.zeros((4, FRAMES)))
        stacks.append(sum_frames(found, np.zeros((int(rows.sum()), FRAMES, 2)), even, BOX))
    images = torch.cat(stacks)
    images = -(images - images.mean()) / images.std()
    write_stack(folder / "unpolished.mrcs", list(images.numpy()), PIXEL)
    write_micrographs(folder / "micrographs.star", micrographs)
    count = len(table)
    table = table.with_(
        stack=(folder / "unpolished.mrcs",), stack_index=np.zeros(count, np.int64), slice_index=np.arange(count), shift=shifts * 0,
        coordinate=table.coordinate + shifts / PIXEL, half=(1 + np.arange(count) % 2).astype(np.int8), contrast="bright",
    )  # fmt: skip
    write_particles(folder / "particles.star", table)
    return made


@pytest.fixture(scope="module")
def polished(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Record:
    return project(tmp_path_factory.mktemp("project")).do("polish", **session.files(), diameter=DIAMETER)


def track_error(record: Record, session: Session, movie: int) -> tuple[float, float]:
    """R.m.s. error of the tracks along one axis beside their mean, Å: before polishing and after."""
    told = read_json(record.files("tracks")[movie])
    truth = session.way(movie)
    drift = np.array(session.truth["movies"][movie]["drift_angstrom"])
    errors = (drift - truth, np.array(told["tracks_angstrom"]) - truth)
    before, after = (np.sqrt(np.square(error - error.mean(1, keepdims=True)).mean()) for error in errors)
    return float(before), float(after)


def map_of(table: Particles) -> torch.Tensor:
    images = load_images(table, Band(size=BOX))
    shift = torch.from_numpy(table.shift) / PIXEL
    sums = insert_images(images, initial_noise(images), torch.from_numpy(table.rotation), shift, radius=images.disc.radius)
    return solve(*sums.total(), BOX, ssnr=None, radius=images.disc.radius, voxel_size=PIXEL)


def test_tracks_are_several_times_nearer_to_the_truth(polished: Record, session: Session) -> None:
    for movie in (0, 1):
        before, after = track_error(polished, session, movie)
        assert after < before / 3
        # what is stated holds the particles' offset as well
        assert after < 1.2 * polished.figures["median_track_sigma_angstrom"]


def test_the_map_is_nearer_to_the_truth(polished: Record, session: Session) -> None:
    truth = centre_resize(read_volume(session.folder / "truth" / "map.mrc").values, BOX, axes=3)
    mask = soft_disc((BOX,) * 3, 0.4 * BOX, 4.0)
    before, after = (map_correlation(map_of(read_particles(path)), truth, mask)
                     for path in (session.folder / "particles.star", polished["particles"]))  # fmt: skip
    # 20 to 8 Å; 40 particles reach hardly further
    assert (after - before)[11:27].mean() > 0.03
    assert (after >= before - 0.03)[1:27].all()


def test_the_table_keeps_its_poses_and_names_normalised_images(polished: Record, session: Session) -> None:
    before, after = read_particles(session.folder / "particles.star"), read_particles(polished["particles"])
    np.testing.assert_allclose(after.rotation, before.rotation, atol=1e-6)
    np.testing.assert_array_equal(after.half, before.half)
    assert np.abs(after.coordinate - before.coordinate).max() < 1.5
    assert not after.shift.any()
    assert [path.name for path in after.stack] == ["movie_0001.mrcs", "movie_0002.mrcs"]
    corner = np.concatenate([open_stack(path).read() for path in after.stack])[:, :12, :12]
    assert float(corner.std()) == pytest.approx(1.0, abs=0.05)
    assert after.contrast == "bright"


def test_what_is_written_can_be_read(polished: Record) -> None:
    from matplotlib.image import imread

    lines = polished["weights"].read_text().splitlines()
    assert len(lines) == FRAMES + 1
    b_factors = [float(line.split(",")[5]) for line in lines[1:]]
    assert max(b_factors) == 0
    assert b_factors[-1] < -50
    assert polished["tracks-picture"].read_text().startswith("<")
    assert polished["weights-picture"].read_text().startswith("<")
    assert polished.figures["particle_count"] == 40
    # 40 particles of 2 movies, all on the sheet: five rows of eight
    height, width = imread(polished["sample"]).shape[:2]
    assert (height + 2) * 8 == (width + 2) * 5
    assert "one file, which is taken to be free of noise" in polished.warnings[0]


def test_straight_tracks_are_offered_as_well(here: Project, session: Session, polished: Record) -> None:
    record = here.do("polish", **session.files(), diameter=DIAMETER, model="linear")
    before, after = track_error(record, session, 0)
    assert track_error(polished, session, 0)[1] < after < before
    assert "median_sigma_velocity" not in record.figures


def listed(session: Session, path: Path, motion: Path | None) -> Path:
    """The list of micrographs with another motion file for the first."""
    first, second = read_micrographs(session.folder / "micrographs.star")
    write_micrographs(path, [replace(first, motion=motion), second])
    return path


def other_motion(path: Path, movie: Path, **changes: object) -> Path:
    motion = Motion(shape=(448, 448), pixel_size=PIXEL, global_shifts=np.zeros((FRAMES, 2)), dose_per_frame=DOSE)
    write_motion(path, replace(motion, **changes), movie)
    return path


def test_a_movie_that_cannot_be_used_is_set_aside_and_the_rest_goes_on(here: Project, session: Session, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).poisson(27, (FRAMES, 448, 448)).astype(np.uint8)
    write_movie_tiff(tmp_path / "noise.tif", noise, pixel_size=PIXEL)
    micrographs = listed(session, tmp_path / "some.star", other_motion(tmp_path / "motion.star", tmp_path / "noise.tif"))
    # how the gain lies is said: one of two movies does not show it
    prior = {"velocity": 1.0, "distance": 4000.0, "acceleration": 0.3}
    record = here.do("polish", **session.files(micrographs=micrographs), diameter=DIAMETER, gain_turns=0, **prior)
    assert [each["item"] for each in record.quarantine] == ["movie_0001"]
    assert "agreement of the particles with the reference must be above 4" in record.quarantine[0]["reason"]
    assert len(read_particles(record["particles"])) == 20


def test_each_file_that_does_not_fit_has_its_reason(session: Session, tmp_path: Path) -> None:
    raw, star = session.folder / "raw" / "movie_0001.tif", tmp_path / "motion.star"
    write_movie_tiff(tmp_path / "short.tif", list(open_movie(raw).frames())[:-2], pixel_size=PIXEL)
    write_image(tmp_path / "gain.mrc", np.ones((448, 300), np.float32), None)
    bad = {
        "motion of movie_0001 must be named in rlnMicrographMetadata": lambda: (None, None),
        "nowhere.star must be a STAR file that exists": lambda: (tmp_path / "nowhere.star", None),
        "the movie of movie_0001 must be a file": lambda: (other_motion(star, tmp_path / "gone.tif"), None),
        f"frames of the movie must be the {FRAMES} of its motion file": lambda: (other_motion(star, tmp_path / "short.tif"), None),
        "pixel size of the particles must be what a box": lambda: (other_motion(star, raw, pixel_size=3.05), None),
        "gain must have the frames' size": lambda: (other_motion(star, raw), tmp_path / "gain.mrc"),
    }  # fmt: skip
    table = read_particles(session.folder / "particles.star")
    for words, make in bad.items():
        motion, gain = make()
        micrograph = Micrograph(path=tmp_path / "movie_0001.mrc", optics=Optics(pixel_size=PIXEL), motion=motion)
        setting = Setting(
            half1=tmp_path, half2=tmp_path, mask=None, box=BOX, gain=gain, gain_lies=AlignMovies(), follow=FollowParams(),
            diameter=DIAMETER, outputs=tmp_path, state=tmp_path, memory=10**9,
        )  # fmt: skip
        with pytest.raises(VitreousError, match=words):
            open_task(setting, MovieTask("movie_0001", micrograph, table))


@pytest.mark.parametrize("told", [True, False])
def test_eer_movies_are_opened_as_they_were_aligned(tmp_path: Path, told: bool) -> None:
    """Thirteen frames of the detector, three together, on the fine grid; the last is left over."""
    hits = [np.array([[20, 4], [100 + 8 * frame, 90]]) for frame in range(13)]
    path = write_eer(tmp_path / "a.eer", hits, (64, 64))
    motion = Motion(shape=(128, 128), pixel_size=PIXEL, global_shifts=np.zeros((4, 2)))
    write_motion(tmp_path / "a.star", motion, path, eer=(3, 2) if told else None)
    movie = open_as_aligned(path, motion, tmp_path / "a.star")
    assert (len(movie), movie.shape) == (4, (128, 128))
    assert movie.frame(3).sum() == 6


def test_particles_of_unknown_micrographs_are_set_aside(here: Project, session: Session, tmp_path: Path) -> None:
    table = read_particles(session.folder / "particles.star")
    write_particles(tmp_path / "strange.star", table.with_(micrograph=(table.micrograph[0], "raw/strange.tif")))
    record = here.do("polish", **session.files(particles=tmp_path / "strange.star"), diameter=DIAMETER)
    assert [each["item"] for each in record.quarantine] == ["raw/strange.tif"]
    assert "20 lie on this one, which is not" in record.quarantine[0]["reason"]
    write_particles(tmp_path / "strange.star", table.with_(micrograph=("raw/a.tif", "raw/b.tif")))
    with pytest.raises(VitreousError, match=r"must lie on the micrographs of .*; none of 40 does"):
        here.do("polish", **session.files(particles=tmp_path / "strange.star"), diameter=DIAMETER)


def test_what_cannot_be_used_is_refused(here: Project, session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="velocity, distance, acceleration must be given together or not at all"):
        Polish(diameter=100.0, velocity=1.0)
    with pytest.raises(InputError, match=r"window must be an odd number of frames; got 4. Try: --window 5"):
        Polish(diameter=100.0, window=4)
    table = read_particles(session.folder / "particles.star")
    missing = {"rotation": "must have poses", "half": "must have their half-set", "coordinate": "must say where they lie"}
    for column, problem in missing.items():
        write_particles(tmp_path / "less.star", table.with_(**{column: None}))
        with pytest.raises(VitreousError, match=problem):
            here.do("polish", **session.files(particles=tmp_path / "less.star"), diameter=DIAMETER)
    write_volume(tmp_path / "noise.mrc", Volume(torch.randn(BOX, BOX, BOX, generator=torch.Generator().manual_seed(0)), PIXEL))
    with pytest.raises(VitreousError, match="must agree to better than 20 Å to say anything of single images"):
        here.do("polish", **session.files(half2=tmp_path / "noise.mrc"), diameter=DIAMETER)


def test_a_map_of_other_pixels_and_box_is_brought_to_the_images(here: Project, session: Session, tmp_path: Path, polished: Record) -> None:
    volume = read_volume(session.folder / "truth" / "map.mrc")
    size = volume.values.shape[0] * 3 // 4 // 2 * 2
    coarse = fourier_resize(volume.values, (size,) * 3)
    write_volume(tmp_path / "coarse.mrc", Volume(coarse, volume.voxel_size * volume.values.shape[0] / size))
    files = session.files(half1=tmp_path / "coarse.mrc", half2=tmp_path / "coarse.mrc")
    record = here.do("polish", **files, diameter=DIAMETER)
    assert track_error(record, session, 0)[1] < 1.5 * track_error(polished, session, 0)[1]


def test_a_stopped_job_goes_on_where_it_was(here: Project, session: Session, polished: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    from vitreous.jobs import polish_movie

    whole, calls = polish_movie.sum_one, []

    def once(*given: object) -> dict:
        calls.append(given)
        if len(calls) == 2:
            raise RuntimeError("stopped")
        return whole(*given)

    monkeypatch.setattr(polish_movie, "sum_one", once)
    with pytest.raises(JobError, match="stopped"):
        here.do("polish", **session.files(), diameter=DIAMETER)
    monkeypatch.setattr(polish_movie, "follow_one", lambda *given: pytest.fail("followed again"))
    record = here.do("polish", **session.files(), diameter=DIAMETER)
    assert len(calls) == 3
    assert [path.read_bytes() for path in record.files("stacks")] == [path.read_bytes() for path in polished.files("stacks")]

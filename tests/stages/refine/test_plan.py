"""What a refinement needs is known before it begins, and does not grow with the images where these stay on disk."""

from __future__ import annotations

from vitreous.stages.refine.plan import plan


def test_a_million_particles_of_256_pixels_fit_a_laptop() -> None:
    needed = plan(1_000_000, 256, memory=8 * 10**9, table=400_000_000, threads=2)
    assert not needed.in_memory
    assert needed.image_bytes > 250 * 10**9
    assert needed.memory < 10 * 10**9


def test_beyond_the_images_a_particle_costs_its_pose() -> None:
    few, many = (plan(count, 256, memory=0, table=400_000_000, threads=2) for count in (10_000, 1_010_000))
    assert many.memory - few.memory == 10**9


def test_small_sets_are_held() -> None:
    needed = plan(5_000, 128, memory=6 * 10**9, table=400_000_000, threads=2)
    assert needed.in_memory
    # a measured run of this size took 2.3 GB
    assert 2.0 * 10**9 < needed.memory < 4 * 10**9

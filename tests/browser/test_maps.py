"""Maps in the browser: nothing is mirrored, keys work, colours are those of the file."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from made_project import AWAY, BLOBS, BOX, VOXEL
from system_browser import Seen, seeing

MAP = "jobs/0008-postprocess/outputs/map_sharpened.mrc"
LOCAL = "jobs/0009-local-resolution/outputs/local_resolution.mrc"
#: Hue (degrees) of viridis at what each blob is "resolved" to, 4 to 12 Å.
HUES = {(1, 0, 0): 288, (0, 1, 0): 223, (0, 0, 1): 178, (0, 0, -1): 54}


@pytest.fixture(scope="module")
def seen(browser: Any, address: str) -> Iterator[Seen]:
    """The map, coloured by local resolution."""
    with seeing(browser, address) as seen:
        seen.go(f"/maps?file={MAP}")
        seen.page.locator("#state[data-triangles]").wait_for()
        seen.page.select_option("#colour", LOCAL)
        seen.page.get_by_text("Local resolution:").wait_for()
        yield seen
        assert seen.clean() == []


def places(seen: Seen) -> dict[tuple[int, int, int], tuple[float, float]]:
    """Where the pixels of each blob's hue lie, (right, up) from the middle in pixels; blobs that are hidden are missing."""
    from PIL import Image

    seen.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture = np.asarray(Image.open(io.BytesIO(seen.page.locator("#space").screenshot())).convert("RGB")) / 255.0
    height, width, _ = picture.shape
    rows, columns = np.nonzero(np.ptp(picture, axis=-1) > 0.12)
    # The corners hold the scale and the axes.
    shown = rows < 0.75 * height
    rows, columns = rows[shown], columns[shown]
    hues = np.array([colorsys.rgb_to_hsv(*each)[0] * 360 for each in picture[rows, columns]])
    found = {}
    for blob, hue in HUES.items():
        near = np.abs((hues - hue + 180) % 360 - 180) < 15
        if near.sum() > 50:
            found[blob] = (float(columns[near].mean()) - width / 2, height / 2 - float(rows[near].mean()))
    return found


def assert_at(found: dict[tuple[int, int, int], tuple[float, float]], blob: tuple[int, int, int], right: int, up: int) -> None:
    """The blob lies in that direction: by more than 60 pixels where 1 or -1, by less than 30 where 0."""
    for got, wanted in zip(found[blob], (right, up)):
        assert abs(got) < 30 if wanted == 0 else got * wanted > 60, (blob, found)


def test_x_is_right_y_is_up_and_z_is_nearer(seen: Seen) -> None:
    found = places(seen)
    assert_at(found, (1, 0, 0), 1, 0)
    assert_at(found, (0, 1, 0), 0, 1)
    assert_at(found, (0, 0, 1), 0, 0)
    # Seen through nothing: the one at -z is behind the one at +z. A mirrored map would show it instead.
    assert (0, 0, -1) not in found


def test_arrows_turn_the_front_right_and_up(seen: Seen) -> None:
    canvas = seen.page.locator("#space")
    canvas.focus()
    for _ in range(6):
        canvas.press("ArrowRight")
    found = places(seen)
    assert_at(found, (0, 0, 1), 1, 0)
    assert_at(found, (0, 0, -1), -1, 0)
    assert_at(found, (0, 1, 0), 0, 1)
    canvas.press("z")
    for _ in range(6):
        canvas.press("ArrowUp")
    found = places(seen)
    assert_at(found, (0, 0, 1), 0, 1)
    assert_at(found, (1, 0, 0), 1, 0)
    canvas.press("z")


def test_views_along_y_and_x_are_those_of_the_sections(seen: Seen) -> None:
    canvas = seen.page.locator("#space")
    canvas.press("y")
    found = places(seen)
    assert_at(found, (1, 0, 0), 1, 0)
    assert_at(found, (0, 0, 1), 0, 1)
    canvas.press("x")
    found = places(seen)
    assert_at(found, (0, 1, 0), 1, 0)
    assert_at(found, (0, 0, 1), 0, 1)
    canvas.press("z")


def test_dragging_takes_the_front_along(seen: Seen) -> None:
    box = seen.page.locator("#space").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = seen.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + box["height"] / 4, y, steps=3)
    mouse.up()
    right, up = places(seen)[0, 0, 1]
    assert right > 30
    assert abs(up) < 30
    seen.page.locator("#space").press("z")


def test_threshold_is_changed_by_keys_and_said_in_words(seen: Seen) -> None:
    state, canvas = seen.page.locator("#state"), seen.page.locator("#space")
    before = int(state.get_attribute("data-triangles"))
    sigmas = float(seen.page.locator("#threshold").input_value())
    for _ in range(5):
        canvas.press("]")
    seen.page.locator(f'#state:not([data-triangles="{before}"])').wait_for()
    assert float(seen.page.locator("#threshold").input_value()) == pytest.approx(sigmas + 1.0, abs=0.01)
    # Higher is smaller.
    assert int(state.get_attribute("data-triangles")) < before
    words = state.inner_text()
    assert f"{BOX} × {BOX} × {BOX} voxels of {VOXEL:.3f} Å" in words
    assert "σ (density" in words
    for _ in range(5):
        canvas.press("[")


def test_sections_have_x_right_y_up_and_their_place_in_angstrom(seen: Seen) -> None:
    bright = """([axis, u, v]) => {
        const canvas = document.querySelector(`.section-stack[data-axis="${axis}"] .section-picture`);
        const pixel = canvas.getContext("2d").getImageData(u, canvas.height - 1 - v, 1, 1).data;
        return pixel[0] + pixel[1] + pixel[2];
    }"""
    middle, away = BOX // 2, int(AWAY / VOXEL)
    axes = {"z": (0, 1), "y": (0, 2), "x": (1, 2)}
    for axis, (right, up) in axes.items():
        for blob in BLOBS:
            across = "xyz".index(axis)
            value = seen.page.evaluate(bright, [axis, middle + away * blob[right], middle + away * blob[up]])
            # A blob along the axis looked along is in front of or behind this section, whose middle is empty.
            assert (value > 100) == (blob[across] == 0), (axis, blob, value)
    slider = seen.page.locator('input[data-axis="z"]')
    slider.focus()
    for _ in range(away):
        slider.press("ArrowRight")
    assert seen.page.locator('output[data-axis="z"]').inner_text() == f"{AWAY:.0f} Å from the middle"
    assert seen.page.evaluate(bright, ["z", middle, middle]) > 100


def test_half_maps_and_a_model_are_laid_over(seen: Seen) -> None:
    state = seen.page.locator("#state")
    once = int(state.get_attribute("data-triangles"))
    seen.page.select_option("#what", "halves")
    seen.page.get_by_text("half-map 2", exact=True).wait_for()
    assert int(state.get_attribute("data-triangles")) > once
    seen.page.select_option("#what", "map")
    seen.page.get_by_text("Local resolution:").wait_for()
    before = seen.page.locator("#space").screenshot()
    seen.page.select_option("#model", "model.pdb")
    seen.page.locator('#state[data-model="12"]').wait_for()
    assert seen.page.locator("#space").screenshot() != before


def test_mesh_of_a_ball_lies_on_it_is_closed_and_faces_outwards(seen: Seen) -> None:
    shape, centre, radius = (30, 34, 40), np.array([13.3, 15.6, 21.2]), 9.4
    mesh = seen.page.evaluate(
        """async ([shape, centre, radius]) => {
            const { surfaceNets } = await import(new URL("static/surface_nets.js", location.origin));
            const [nx, ny, nz] = shape, values = new Float32Array(nx * ny * nz);
            for (let z = 0, o = 0; z < nz; z++) for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++, o++)
                values[o] = -Math.hypot(x - centre[0], y - centre[1], z - centre[2]);
            const { positions, normals, indices } = surfaceNets(values, shape, -radius);
            return [positions, normals, indices].map((each) => Array.from(each));
        }""",
        [list(shape), centre.tolist(), radius],
    )
    positions, normals = (np.array(each).reshape(-1, 3) for each in mesh[:2])
    triangles = np.array(mesh[2]).reshape(-1, 3)
    out = positions - centre
    away = np.linalg.norm(out, axis=1)
    # The mean of a cell's crossings lies within the bulge of a ball of 9.4 voxels over one voxel, 1 / (8 R) = 0.013, times 3 axes.
    assert np.abs(away - radius).max() < 0.05
    assert ((out / away[:, None] * normals).sum(1)).min() > 0.99
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    there, back = ({tuple(edge) for edge in each} for each in (edges, edges[:, ::-1]))
    # Closed and turned alike: each edge once in each direction.
    assert len(there) == len(edges)
    assert there == back
    corners = positions[triangles]
    volume = np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    # Positive: seen from outside they run counter-clockwise. Flat triangles cut off some 1 % of the ball.
    assert volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.02)

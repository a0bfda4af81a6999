import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="From projections to a map: direct Fourier inversion")

with app.setup:
    import dataclasses
    import math

    import marimo as mo
    import numpy as np
    import torch
    from scipy.sparse import csr_array

    from vitreous.learning.artefacts import DETAIL, PIXEL, SIZE, bench_specimen, views_within
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.inversion import CENTRAL_SLICE, FILL
    from vitreous.learning.page import claim, closing, opening, question, show, steps
    from vitreous.numerics.disc import disc
    from vitreous.numerics.fourier import centred_rfftn
    from vitreous.numerics.rotations import from_euler
    from vitreous.numerics.shells import shell_average
    from vitreous.numerics.slices import Insertion, half_ball, slices, volume_of
    from vitreous.reconstruct.fourier import map_correlation, shell_density, solve
    from vitreous.simulate.specimens import project_atoms, specimen
    from vitreous.views.contour import contour_level
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Note, Picture, Rule, ScaleBar
    from vitreous.views.orientations import orientation_figure
    from vitreous.views.planes_in_space import planes_image
    from vitreous.views.resolution_axis import angstrom_axis
    from vitreous.views.surface import prepare, surface_image, turn

    BOX = SIZE * PIXEL  # Å
    NYQUIST = 0.5 / PIXEL  # Å⁻¹


@app.cell
def _():
    opening("inversion-blur")
    return


@app.cell
def _():
    mo.md(r"""
    A cryo-EM image is a shadow. Electrons go straight through the particle, and each pixel adds up everything that stood in the way. You
    have a hundred thousand such shadows, cast from every side. How do they become a solid?

    The whole answer fits in one sentence, and this lesson is about that sentence:

    > **The Fourier transform of a shadow is a flat slice through the Fourier transform of the thing.**

    The slice goes through the origin, at right angles to the beam. Every image is thus a page of a book whose pages are all bound at one
    point. Put enough pages in, turn the transform back, and the thing stands before you. No fitting, no guessing: *direct Fourier inversion*.
    """)
    return


@app.cell
def _():
    # What is looked at throughout: the head of a ribosome's small subunit, its transform, and the points of an image's transform.
    truth = bench_specimen()
    points = disc(SIZE)
    ball = half_ball(truth.values, points.radius, scale=PIXEL)
    camera = turn("x", -62) @ np.array([[math.cos(0.5), -math.sin(0.5), 0], [math.sin(0.5), math.cos(0.5), 0], [0, 0, 1]])
    solid = prepare(truth.values.numpy(), contour_level(truth.values.numpy(), PIXEL, mass=310))
    particle = surface_image(solid, camera, size=220, reach=0.5 * solid.values.shape[0])
    crowd = views_within(90, 40, torch.Generator().manual_seed(4))
    return ball, camera, crowd, particle, points, truth


@app.cell
def _():
    question("Q60")
    return


@app.cell
def _():
    mo.md(r"""
    Draw it. On the left is the experiment in **real space**: the particle, the beam, and the film behind it that catches the shadow. On
    the right is **reciprocal space**: the same image's transform, put where it belongs. Move the particle and watch both.
    """)
    return


@app.cell
def _():
    rot = mo.ui.slider(-180, 180, 5, value=30, show_value=True, label="rot (°)")
    tilt = mo.ui.slider(0, 180, 5, value=60, show_value=True, label="tilt (°)")
    psi = mo.ui.slider(-180, 180, 5, value=0, show_value=True, label="psi (°)")
    others = mo.ui.slider(0, 40, 1, value=0, show_value=True, label="other particles")
    mo.hstack([rot, tilt, psi, others], justify="start", gap=2)
    return others, psi, rot, tilt


@app.cell
def _(ball, camera, crowd, others, particle, points, psi, rot, tilt):
    def amplitudes(coefficients):
        """Logarithm of the amplitude on the square grid, zero frequency in the middle, four decades to 0 … 1."""
        grid = torch.zeros(len(coefficients), SIZE, SIZE)
        modulus = coefficients.abs()
        kx, ky = points.kx.long(), points.ky.long()
        grid[:, SIZE // 2 + ky, SIZE // 2 + kx] = modulus
        grid[:, SIZE // 2 - ky, SIZE // 2 - kx] = modulus
        grid[:, SIZE // 2, SIZE // 2] = modulus.amax(1)
        logs = torch.log10(grid.clamp_min(1e-9))
        return ((logs - logs.amax((1, 2), keepdim=True)) / 3.5 + 1).clamp(0, 1).numpy()

    pose = from_euler(torch.tensor([[rot.value, tilt.value, psi.value]], dtype=torch.float64))
    poses = torch.cat([pose, crowd[: others.value]])
    coefficients = slices(ball, poses, points)
    image = points.image(coefficients[:1])[0].numpy()
    spectra = amplitudes(coefficients)
    _film = (image - image.min()) / np.ptp(image)
    # Of the film only the middle two thirds: in these units the particle's box is 1.5 wide to either side.
    _film = planes_image([_film[8:40, 8:40]], pose.numpy(), camera, offset=-1.15, round_=False, size=200, reach=2.0)
    _discs = planes_image(spectra, poses.numpy(), camera, size=200, reach=1.3)
    _beam = camera @ pose[0, 2].numpy()
    _towards, _behind = 1.7 * _beam, -1.15 * _beam
    _scene = [
        Picture(values=_film, extent=(-2, 2, -2, 2)),
        Line(x=[_towards[0], _behind[0]], y=[_towards[1], _behind[1]], colour="orange", style="dashed", width=1.3),
        Note(x=float(_towards[0]), y=float(_towards[1]), text="beam", colour="orange"),
        Picture(values=particle, extent=(-1.5, 1.5, -1.5, 1.5)),
    ]
    # The film hides the particle where it stands nearer the eye.
    _scene = [_scene[3], *_scene[:3]] if _behind[2] > 0 else _scene
    _axes = [(camera[:, i] * 1.15, name) for i, name in enumerate(("kx", "ky", "kz"))]
    _reach = (-NYQUIST, NYQUIST, -NYQUIST, NYQUIST)
    show(
        Figure(
            name="one-particle", title="One particle", height=2.85, columns=4,
            caption="Turn tilt: the film and the disc turn together, the disc always square to the beam and always through the origin. "
            "Turn psi: the image turns in its own plane, and the disc only spins in itself; psi says nothing of where it lies. "
            "Add particles: any two discs cross in a line through the origin, so near it they crowd, and far out they leave gaps.",
            panels=(
                Panel(title="in the microscope", marks=tuple(_scene), equal=True),
                Panel(title="its image", equal=True, marks=(
                    Picture(values=image, extent=(0, BOX, 0, BOX)), ScaleBar(length=50.0, text="50 Å"))),
                Panel(title="transform of the image", equal=True, marks=(
                    Picture(values=spectra[0], extent=_reach), ScaleBar(length=0.05, text="0.05 Å⁻¹"))),
                Panel(title="where it belongs", equal=True, marks=(
                    *(Line(x=[0, a[0]], y=[0, a[1]], colour="muted", width=1.0) for a, _ in _axes),
                    Picture(values=_discs, extent=(-1.3, 1.3, -1.3, 1.3)),
                    *(Note(x=float(1.07 * a[0]), y=float(1.07 * a[1]), text=name, colour="muted") for a, name in _axes))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(ball, points):
    # The sentence, tested: atoms projected in closed form know nothing of Fourier transforms.
    _what = specimen("ribosome head")
    _wide = dataclasses.replace(_what, sigma=np.sqrt(_what.sigma**2 + DETAIL**2 / (8 * math.pi**2)))
    _turns = views_within(90, 4, torch.Generator().manual_seed(9))
    _shadow = points.take(project_atoms(_wide, _turns.numpy(), np.zeros((4, 2)), size=SIZE, pixel_size=PIXEL))
    _slice = slices(ball, _turns, points)
    _apart = float((_shadow - _slice).abs().square().sum().sqrt() / _shadow.abs().square().sum().sqrt())
    claim(
        "The sentence holds: shadows of the 27 000 atoms, summed in closed form from four random directions, and slices cut out of the volume's "
        f"transform differ by {100 * _apart:.1f} % (root mean square; what is left is interpolation).",
        _apart < 0.02,
    )
    return


@app.cell
def _(crowd):
    _pages = {
        "In reciprocal space: what each cell knows": "Count how many slices met each cell of Fourier space, and look at a section of the counts: "
        "bright near the origin, with dark gaps where no page was put in. That is the first panel of the next figure.",
        "Directions on the sphere": "A disc is known by its normal, the viewing direction: one dot a particle on a sphere. Every program draws it.",
        "In real space: the shadow smeared back": "The inverse of a slice is the image drawn out along the beam through the whole box, like toothpaste: "
        "*back projection*. Add up the smears of many particles and a blurred particle appears where they cross.",
        "As agreement by direction": "Correlate two half-maps within cones: directions without pages agree less. See `vitreous directions`.",
    }
    mo.vstack([
        mo.md("**Other views of the same thing**, each good for another question:"),
        mo.accordion({title: mo.md(text) for title, text in _pages.items()}),
        mo.accordion({"Show the directions of the forty other particles": mo.lazy(lambda: show(orientation_figure(crowd.numpy())))}),
    ])  # fmt: skip
    return


@app.cell
def _():
    mo.md(r"""
    ## Page by page, a book

    Now put pages in. For each number of particles below the reconstruction was made by the function that `vitreous refine` itself uses:
    `Insertion.add` puts slices where they belong, `solve` divides by how often each cell was met and turns back.
    """)
    return


@app.cell
def _(ball, points, truth):
    COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

    def insert(turns):
        """Sums of slices put back at the rotations ``turns``: (values, how often each cell was met)."""
        sums = Insertion(SIZE, points.radius)
        cut = slices(ball, turns, points)
        sums.add(turns, cut, torch.ones(cut.shape), points)
        return sums.total()

    books = {}
    for _count in COUNTS:
        _sum, _met = insert(views_within(90, _count, torch.Generator().manual_seed(12)))
        _map = solve(_sum, _met, SIZE, ssnr=None, radius=points.radius, voxel_size=PIXEL)
        _smear = volume_of(_sum, SIZE)
        books[_count] = {
            "met": _met, "divided": _map[:, SIZE // 2].numpy(), "not divided": _smear[:, SIZE // 2].numpy(),
            "fsc divided": map_correlation(_map, truth.values).numpy(), "fsc not divided": map_correlation(_smear, truth.values).numpy(),
        }  # fmt: skip
    return books, insert


@app.cell
def _(books):
    pages = mo.ui.slider(steps=list(books), value=8, show_value=True, label="particles")
    dividing = mo.ui.radio({"divide": "divided", "only add up (back projection)": "not divided"}, value="divide", inline=True,
                           label="in each cell:")  # fmt: skip
    mo.hstack([pages, dividing], justify="start", gap=3)
    return dividing, pages


@app.cell
def _(books, dividing, pages, truth):
    _book, _how = books[pages.value], dividing.value
    _met = _book["met"][:, :, 0].numpy()
    _shells = np.arange(SIZE // 2)
    _k = _shells / BOX
    _edge = _met.shape[0] / 2 / (2 * BOX)
    _frame = (0, BOX, 0, BOX)
    show(
        Figure(
            name="pages", title="Pages of a book", height=3.1, columns=4,
            caption="Few pages: rays about the particle, each the smear of one image, and a curve that falls where gaps open between the discs. "
            "Without dividing, the map is foggy however many images there are: coarse detail was counted far more often than fine.",
            panels=(
                Panel(title="how often met (ky, kz)", equal=True, marks=(
                    Picture(values=np.log10(1 + _met), extent=(-_edge, _edge, -_edge, _edge), colours="viridis"),
                    ScaleBar(length=0.05, text="0.05 Å⁻¹"))),
                Panel(title="the map, a section", equal=True, marks=(Picture(values=_book[_how], extent=_frame), ScaleBar(length=50.0, text="50 Å"))),
                Panel(title="the truth", equal=True, marks=(Picture(values=truth.values[:, SIZE // 2].numpy(), extent=_frame),)),
                Panel(title="agreement with the truth", weight=1.35, legend="none", marks=(
                    Line(x=_k, y=_book[f"fsc {_how}"][: SIZE // 2], width=2.2), Rule(at=0.0, axis="y", style="solid")),
                    x=Axis("Spatial frequency", "Å⁻¹", limits=(0, NYQUIST)), top=angstrom_axis(_k, apart=0.2),
                    y=Axis("Correlation by shell", PURE, limits=(-0.1, 1.04))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(books, insert, truth):
    _sum, _ = insert(views_within(90, 512, torch.Generator().manual_seed(12)))
    _fog, _right = (shell_average(centred_rfftn(each).abs() ** 2, each.shape).sqrt() for each in (volume_of(_sum, SIZE), truth.values))
    _fog = _fog / _right
    _apart = float(_fog[4] / _fog[16])
    _still = [float(books[512]["fsc not divided"][s]) for s in (4, 16)]
    _density = shell_density(books[512]["met"], 20)
    # A slice's shell s has 2πs points, a volume's 4πs²; the fine grid has 8 cells a voxel, over which each point is shared.
    _share = {s: float(_density[s]) * 8 / 512 for s in (4, 16)}
    _fsc = {n: float(books[n]["fsc divided"][16]) for n in (8, 32, 128)}
    mo.vstack([
        claim(f"A voxel in shell s is met by one slice in 2s: measured, 1 in {1 / _share[4]:.1f} in shell 4 and 1 in {1 / _share[16]:.1f} in shell 16. "
              "So coarse detail is counted 4 times as often in the one as in the other, and each cell must be divided by its own number.",
              abs(_share[4] * 8 - 1) < 0.08 and abs(_share[16] * 32 - 1) < 0.08),
        claim(f"Gaps close as pages come in: with 8, 32 and 128 particles the correlation with the truth in shell 16 ({BOX / 16:.1f} Å) is "
              f"{_fsc[8]:.2f}, {_fsc[32]:.2f} and {_fsc[128]:.2f}.", _fsc[8] < 0.6 < _fsc[32] < 0.9 < _fsc[128]),
        claim(f"Adding up without dividing starves fine detail: beside the truth, the amplitude left in shell 4 is {_apart:.1f} times that in shell 16. "
              f"Yet the shells still correlate with the truth by {_still[0]:.2f} and {_still[1]:.2f}: fog is a matter of weights, not of agreement.",
              3.4 < _apart < 4.6 and min(_still) > 0.93),
    ])  # fmt: skip
    return


@app.cell
def _():
    mo.vstack([
        mo.md("## The sentence, proved\n\nFrom the picture to the formula. Take the beam along z, so that the film lies in x and y."),
        steps(
            ("A shadow is a sum along the beam", r"$$P(x, y) = \int V(x, y, z)\, dz$$"),
            ("Transform it", r"$$\hat P(k_x, k_y) = \iint P(x, y)\, e^{-2\pi i (k_x x + k_y y)}\, dx\, dy = \iiint V(x, y, z)\, "
             r"e^{-2\pi i (k_x x + k_y y)}\, dx\, dy\, dz$$ It is a three-fold integral already."),
            ("Compare with the transform of the volume", r"$$\hat V(k_x, k_y, k_z) = \iiint V(x, y, z)\, e^{-2\pi i (k_x x + k_y y + k_z z)}\, dx\, dy\, dz$$ "
             r"The two agree where $e^{-2\pi i k_z z} = 1$ for every z: at $k_z = 0$. Hence $\hat P(k_x, k_y) = \hat V(k_x, k_y, 0)$."),
            ("Turn the particle", r"Turning V by R turns $\hat V$ by R too (the integral does not care about the names of its axes). "
             r"What lay at $R^T k$ is now at k, so an image of the particle in pose R knows $\hat V$ at $R^T (k_x, k_y, 0)$: "
             "a plane through the origin whose normal is the viewing direction. That is word for word the *slice* convention in Vitreous' CONVENTIONS."),
        ),
    ])  # fmt: skip
    return


@app.cell
def _():
    slice_bench = bench(CENTRAL_SLICE)
    mo.vstack([prompt_of(CENTRAL_SLICE), slice_bench, help_of(CENTRAL_SLICE)])
    return (slice_bench,)


@app.cell
def _(slice_bench):
    verdict(CENTRAL_SLICE, slice_bench.value)
    return


@app.cell
def _():
    mo.vstack([
        question("Q61"),
        mo.md(r"""
    Because nearly every button of a reconstruction program is a statement about discs in Fourier space.

    | what you meet in a program | what it is in the picture above | so |
    |:---|:---|:---|
    | **box size** | cells of Fourier space are 1 / box apart | between cells values are interpolated; that is sound only if the particle does not fill its box (half to two thirds of it) |
    | **padding** | cells twice as close | interpolation errs less: 1 % of a slice instead of 5 %; Vitreous' `PAD` is 2 |
    | **number of particles** | number of pages | how far out the book has no gaps, *and* how often each cell is measured against noise |
    | **symmetry C3** | each page put in three times, turned | three times the pages; if the particle has no such symmetry, three different books mixed |
    | **preferred views** | pages fan about one axis | a cone without pages: the map is drawn out along one direction, and no filter brings it back |
    | **shift, origin** | a ramp of phase on the page | a page with a wrong ramp contradicts the others where they cross, more so further out |
    | **CTF correction** | each page multiplied by c(k) | pages are weighted: put in c · X, divide by c². Zeros of one page are filled by others |
    | **T, tau2-fudge, regularisation** | something added to what is divided by | cells met seldom are not blown up |
    """),
    ])  # fmt: skip
    return


@app.cell
def _():
    fill_bench = bench(FILL)
    mo.vstack([prompt_of(FILL), fill_bench, help_of(FILL)])
    return (fill_bench,)


@app.cell
def _(fill_bench):
    verdict(FILL, fill_bench.value)
    return


@app.cell
def _():
    mo.vstack([
        question("Q62"),
        mo.md(r"""
    The *theorem* will stay: it is physics. The *recipe*, put in and divide, has a rival: treat the map as unknown, predict all images,
    and change the map until they fit, with whatever else you know built in. Below the same shadows of one plane are treated both ways.
    One knows nothing but the shadows (weight each transform by |k|, put it in, turn back); the other goes round two hundred times, and
    knows that density is not negative.
    """),
    ])  # fmt: skip
    return


@app.cell
def _():
    shadows = mo.ui.slider(steps=[4, 6, 8, 12, 16, 24, 32, 48], value=8, show_value=True, label="shadows")
    grain = mo.ui.slider(0, 10, 1, value=1, show_value=True, label="noise (% of the strongest pixel)")
    mo.hstack([shadows, grain], justify="start", gap=3)
    return grain, shadows


@app.cell
def _(truth):
    plane = truth.values[:, SIZE // 2].double().numpy().clip(0)[6:42, 6:42]
    plane = plane / plane.max()

    def shadow_matrix(count, side=36):
        """Each row one pixel of one shadow: A @ plane.ravel() are all of them. Nearly all of it is 0, and not kept."""
        yy, xx = np.indices((side, side)) - (side - 1) / 2
        rows = []
        for angle in np.arange(count) * math.pi / count:
            at = (xx * math.cos(angle) + yy * math.sin(angle) + (side - 1) / 2).ravel()
            rows.append(np.maximum(0, 1 - np.abs(at - np.arange(side)[:, None])))
        return csr_array(np.concatenate(rows))

    def direct(matrix, seen, side=36):
        """Each shadow's transform times |k|, turned back and smeared: inversion in two dimensions."""
        count = len(seen) // side
        padded = np.zeros((count, 2 * side))
        padded[:, :side] = seen.reshape(count, side)
        # The transform of |k| sampled in real space (Ramachandran & Lakshminarayanan 1971): 1/4, then −1/(π n)² at odd n.
        n = np.minimum(np.arange(2 * side), 2 * side - np.arange(2 * side))
        ramp = np.where(n % 2 == 1, -1 / (math.pi * np.maximum(n, 1)) ** 2, 0.0)
        ramp[0] = 0.25
        circulant = ramp[(np.arange(2 * side)[:, None] - np.arange(2 * side)) % (2 * side)]
        return (matrix.T @ (padded @ circulant)[:, :side].ravel() * math.pi / count).reshape(side, side)

    def going_round(matrix, seen, side=36, rounds=200):
        """Predict, compare, smear the difference back, cut what is negative: SIRT with a constraint."""
        each_row, each_column = (1 / np.maximum(matrix.sum(axis), 1e-9) for axis in (1, 0))
        found = np.zeros(side * side)
        for _ in range(rounds):
            found = np.maximum(0, found + each_column * (matrix.T @ (each_row * (seen - matrix @ found))))
        return found.reshape(side, side)

    def wrong(found):
        return float(np.linalg.norm(found - plane) / np.linalg.norm(plane))

    return direct, going_round, plane, shadow_matrix, wrong


@app.cell
def _(direct, going_round, grain, plane, shadow_matrix, shadows, wrong):
    _matrix = shadow_matrix(shadows.value)
    _noise = np.random.default_rng(2).normal(size=_matrix.shape[0]) * grain.value / 100 * (_matrix @ plane.ravel()).max()
    _seen = _matrix @ plane.ravel() + _noise
    _maps = (plane, direct(_matrix, _seen), going_round(_matrix, _seen))
    _titles = ("the truth", f"put in and divide: error {wrong(_maps[1]):.0%}", f"going round: error {wrong(_maps[2]):.0%}")
    show(Figure(
        name="two-ways", title="Two ways", height=3.0, columns=3,
        caption="Few shadows and little noise: what is known beforehand removes the rays. Many shadows: both see the same. Much noise: fitting it to the "
        "last decimal is no virtue, and going round must be stopped or held back as well.",
        panels=tuple(Panel(title=title, equal=True, marks=(
            Picture(values=each, extent=(0, 36 * PIXEL, 0, 36 * PIXEL), limits=(-0.15, 1.0)), ScaleBar(length=50.0, text="50 Å")))
            for title, each in zip(_titles, _maps)),
    ))  # fmt: skip
    return


@app.cell
def _(direct, going_round, plane, shadow_matrix, wrong):
    _few, _many = shadow_matrix(8), shadow_matrix(48)
    _errors = [wrong(way(matrix, matrix @ plane.ravel())) for matrix in (_few, _many) for way in (direct, going_round)]
    mo.vstack([
        claim(f"From 8 shadows without noise, putting in errs by {_errors[0]:.0%} and going round by {_errors[1]:.0%}; from 48 by {_errors[2]:.0%} and "
              f"{_errors[3]:.0%}.", _errors[1] < 0.6 * _errors[0] and _errors[2] < 0.5 * _errors[0]),
        mo.md(r"""
    So, will it be replaced? Where slices are plenty (a single-particle data set puts thousands of pages through every cell) one pass of
    putting in is as good as anything and costs a small part of finding the poses. Where they are few (tomograms), or where the object
    moves, people go round, with neural networks too. But look inside: cryoDRGN's decoder is asked for $\hat V$ *at the points
    $R^T (k_x, k_y, 0)$ of a slice*. The theorem is still there; only the book has become a function that someone writes while reading.
    """),
    ])  # fmt: skip
    return


@app.cell
def _():
    mo.vstack([
        question("Q63"),
        mo.md(r"""
    | field | what is recorded | what it is in Fourier space | what they know of it |
    |:---|:---|:---|:---|
    | X-ray CT | line integrals through a patient | lines through the origin of a plane's transform | the physicists all of it; filtered back projection is in the first lecture, though radiologists need only its artefacts |
    | magnetic resonance | the transform itself, line by line | any path the gradients draw | everyone: "k-space" is on the console |
    | radio astronomy | for each pair of dishes one coefficient | a point (u, v), moving as the Earth turns | everyone: gaps in (u, v) are the *dirty beam*, CLEAN and maximum entropy were made for them |
    | X-ray crystallography | amplitudes on a lattice, no phases | points of the molecule's transform | everyone, but theirs is the phase problem, not interpolation |
    | electron tomography | a tilt series, ±60° | planes about one axis, a wedge missing | most, since the wedge is seen in every picture |
    | seismology, ocean sound | travel times along rays | curved rays: the theorem fails | they go round (ART was invented twice) |

    Tomography is the nearest relative. Take the same particle, tilt it about one axis only, and stop where the holder gets in the way:
    """),
    ])  # fmt: skip
    return


@app.cell
def _():
    widest = mo.ui.slider(20, 90, 5, value=60, show_value=True, label="tilted from − to + (°)")
    apart = mo.ui.slider(1, 10, 1, value=3, show_value=True, label="step (°)")
    mo.hstack([widest, apart], justify="start", gap=3)
    return apart, widest


@app.cell
def _(apart, insert, points, widest):
    def tilt_series(widest, step):
        """Rotations about the y axis of the lab, and what comes of them: (met, map)."""
        tilts = torch.arange(-widest, widest + 1e-9, step, dtype=torch.float64)
        sums, met = insert(from_euler(torch.stack([torch.zeros_like(tilts), tilts, torch.zeros_like(tilts)], -1)))
        return met, solve(sums, met, SIZE, ssnr=None, radius=points.radius, voxel_size=PIXEL)

    _met, _map = tilt_series(widest.value, apart.value)
    _middle = _met.shape[0] // 2
    _section = _met[:, _middle].numpy()
    _section = np.concatenate([_section[::-1, :0:-1], _section], 1)
    _edge = _met.shape[0] / 2 / (2 * BOX)
    _frame = (0, BOX, 0, BOX)
    show(Figure(
        name="wedge", title="A missing wedge", height=3.0, columns=3,
        caption="The dark wedge about kz was never measured. The map pays for it: in the section with z upright, edges that face up and down are gone, and the "
        "particle is drawn out along z. Coarser steps leave gaps between the pages far out, and rays about the particle.",
        panels=(
            Panel(title="measured (kx, kz)", equal=True, marks=(
                Picture(values=np.log10(0.1 + _section), extent=(-_edge, _edge, -_edge, _edge), colours="viridis"), ScaleBar(length=0.05, text="0.05 Å⁻¹"))),
            Panel(title="the map, x across and z up", equal=True, marks=(Picture(values=_map[:, SIZE // 2].numpy(), extent=_frame), ScaleBar(length=50.0, text="50 Å"))),
            Panel(title="the map, x across and y up", equal=True, marks=(Picture(values=_map[SIZE // 2].numpy(), extent=_frame), ScaleBar(length=50.0, text="50 Å"))),
        ),
    ))  # fmt: skip
    return (tilt_series,)


@app.cell
def _(tilt_series):
    _met, _ = tilt_series(60, 1)
    _m = _met.shape[-1] - 1
    _z, _y, _x = torch.meshgrid(torch.arange(-_m, _m + 1), torch.arange(-_m, _m + 1), torch.arange(_m + 1), indexing="ij")
    # Tilted about y, pages meet whole numbers of y only, every other row of the padded grid.
    _far = (_x**2 + _z**2 > 20**2) & (_x**2 + _y**2 + _z**2 < 36**2) & (_y % 2 == 0)
    _empty = float((_met[_far] < 1e-3).double().mean())
    claim(f"±60° leaves a wedge of 60° out of 180° unmeasured, a third of reciprocal space: of the cells well away from the axis {100 * _empty:.0f} % were never met.",
          abs(_empty - 1 / 3) < 0.03)  # fmt: skip
    return


@app.cell
def _():
    mo.vstack([
        question("Q64"),
        mo.md(r"""
    Enough to look at a map and think of pages. Guess before you open each answer; if all five come out right, you know enough to use any
    program with your eyes open. If not, go back to the figure it names, and move its sliders until you would have guessed right: that is
    what builds intuition. Formulas are for afterwards.
    """),
    ])  # fmt: skip
    return


@app.cell
def _():
    _asked = {
        "Two particles seen from exactly the same direction: what does the second add?":
            "No new page: the same one again (perhaps spun by psi). It halves the noise on that page and fills no gap. (*one particle*: psi spins the disc in itself)",
        "A map looks good at 30 Å after 50 particles and bad at 10 Å. Why so soon, why not further?":
            "A cell at k is met by one slice in 2s, s = k · box: near the origin pages crowd. Noise aside, gaps close from the inside outwards. (*pages*)",
        "You forgot to divide. What does the map look like, and could a filter mend it?":
            "Foggy. Yes: if all directions were met alike, the number met is a function of |k| alone (1/k), and multiplying by |k| mends it. With preferred views it is not. (*pages*, back projection)",
        "All particles lie on the carbon with the same face down, turned every way about the beam. Does that make a map?":
            "All their pages are one and the same plane. You have one very good image, and nothing of the third dimension. Tilt the grid.",
        "A page goes in upside down (a wrong pose). What happens?":
            "It contradicts the others in the lines where they cross, a little in each cell: a haze over the whole map, worse far out. Thousands of right pages outvote it; a systematic error they do not.",
    }
    mo.accordion({title: mo.md(text) for title, text in _asked.items()}, multiple=True)  # fmt: skip
    return


@app.cell
def _():
    closing("inversion-blur")
    return


if __name__ == "__main__":
    app.run()

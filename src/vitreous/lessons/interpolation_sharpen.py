import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Interpolation, by computer")


@app.cell
def _():
    from time import thread_time

    import marimo as mo
    import numpy as np
    from scipy import ndimage
    from scipy.interpolate import CloughTocher2DInterpolator, LinearNDInterpolator, griddata
    from scipy.spatial import Delaunay

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.interpolation import INTERPOLATE, SPREAD
    from vitreous.learning.page import claim, closing, opening, question, show, steps
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Picture, Rule, Scatter

    return (
        Axis, CloughTocher2DInterpolator, Delaunay, Figure, INTERPOLATE, Line, LinearNDInterpolator, PURE, Panel, Picture, Rule, SPREAD,
        Scatter, bench, claim, closing, griddata, help_of, mo, ndimage, np, opening, thread_time, prompt_of, question, show, steps, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("interpolation-sharpen")
    return


@app.cell
def _(mo, question):
    mo.vstack([mo.md(r"""
    The blur stream asked *which rule*. Here we ask what it costs, and what noise does to it; and we shall see why a reconstruction from noisy pictures is
    in the end no interpolation at all.
    """), question("Q56"), mo.md(r"""
    Open the source of `scipy.interpolate.griddata` and you find three stages:

    1. **triangulate** the points: `Delaunay`, which is Qhull, written in C, and invert a small matrix for each simplex. Expected time $\propto n \log n$ in low dimensions;
    2. **locate** each place: `find_simplex` in Cython, a *walk* from simplex to neighbouring simplex, started where the last place was found;
    3. **evaluate**: $d + 1$ multiplications a place.

    Which is the bottleneck? Measured on this machine, when you opened this page (a Gaussian sampled at random points, interpolated at 4096 places
    of a grid):
    """)])  # fmt: skip
    return


@app.cell
def _(Axis, Delaunay, Figure, Line, LinearNDInterpolator, Panel, np, thread_time, show):
    def _seconds(task):
        begin = thread_time()
        found = task()
        return found, thread_time() - begin

    def _stages(n, d):
        rng = np.random.default_rng(n)
        points = rng.uniform(-1, 1, size=(n, d))
        side = round(4096 ** (1 / d))
        at = np.stack(np.meshgrid(*[np.linspace(-0.8, 0.8, side)] * d, indexing="ij"), -1).reshape(-1, d)
        mesh, making = _seconds(lambda: Delaunay(points))
        _, matrices = _seconds(lambda: mesh.transform)
        _, finding = _seconds(lambda: mesh.find_simplex(at))
        rule = LinearNDInterpolator(mesh, np.exp(-3 * (points**2).sum(1)))
        rule(at[:2])
        _, both = _seconds(lambda: rule(at))
        return making + matrices, finding, max(both - finding, 1e-5)

    _counts = {2: (100, 300, 1000), 3: (100, 300, 900)}
    measured = {d: np.array([_stages(n, d) for n in each]) for d, each in _counts.items()}
    _names = (("triangulate", "blue", "solid"), ("locate", "orange", "dashed"), ("evaluate", "green", "dotted"))
    show(Figure(
        name="stages", title="Three stages of griddata", columns=2, height=3.4,
        caption="CPU time of each stage against the number of points, both axes logarithmic; 4096 places. Which line is on top, and how does it rise? In space "
        "triangulating is an order of magnitude dearer than in the plane. (A time that is too short for the clock lies at the bottom.)",
        panels=tuple(Panel(title=f"{d} dimensions",
                           marks=tuple(Line(x=_counts[d], y=np.maximum(1000 * measured[d][:, k], 0.05), colour=colour, style=style, points=5, label=name) for k, (name, colour, style) in enumerate(_names)),
                           x=Axis("Points", "number", scale="log", ticks=tuple((float(n), f"{n:,}") for n in _counts[d])), y=Axis("CPU time", "ms", scale="log", limits=(0.04, 3000)))
                     for d in (2, 3)),
    ))  # fmt: skip
    return


@app.cell
def _(Delaunay, claim, mo, np):
    def _walk(mesh, place, simplex):
        """Steps from ``simplex`` to the one that holds ``place``: over the face whose weight is most negative."""
        steps_taken = 0
        while True:
            part = mesh.transform[simplex, :2] @ (place - mesh.transform[simplex, 2])
            weights = np.array([*part, 1 - part.sum()])
            if weights.min() >= -1e-12:
                return simplex, steps_taken
            simplex = mesh.neighbors[simplex, weights.argmin()]
            steps_taken += 1

    def _mean_steps(n, places):
        mesh = Delaunay(np.random.default_rng(n).uniform(size=(n, 2)))
        simplex, taken = 0, []
        for place in places:
            simplex, count = _walk(mesh, place, simplex)
            taken.append(count)
        return float(np.mean(taken[1:]))

    _line = np.linspace(0.2, 0.8, 9)
    _ordered = np.stack(np.meshgrid(_line, _line, indexing="ij"), -1)
    _ordered[1::2] = _ordered[1::2, ::-1]  # as an ox ploughs, so that neighbours follow each other
    _ordered = _ordered.reshape(-1, 2)
    _shuffled = np.random.default_rng(0).permutation(_ordered)
    walks = {n: (_mean_steps(n, _ordered), _mean_steps(n, _shuffled)) for n in (60, 240, 960)}
    _rows = "\n".join(f"| {n:,} | {a:.1f} | {b:.1f} |" for n, (a, b) in walks.items())
    mo.vstack([
        mo.md("**Counted, not timed:** how many triangles does the walk visit for each place? Our own walk, on SciPy's mesh, for the same 81 places in two orders:\n\n"
              "| points | places row by row | places shuffled |\n|---|---|---|\n" + _rows),
        claim(f"Shuffling the places makes the walk {walks[960][1] / walks[960][0]:.0f} times longer at 960 points; four times the points double it: it grows like √n.",
              walks[960][1] > 3 * walks[960][0] and 1.6 < walks[960][1] / walks[240][1] < 2.4),
    ])  # fmt: skip
    return


@app.cell
def _(Delaunay, claim, mo, np):
    _rng = np.random.default_rng(1)
    _simplices = {d: len(Delaunay(_rng.uniform(size=(1000, d))).simplices) / 1000 for d in (2, 3, 4)}
    mo.vstack([
        claim("Simplices a point: " + ", ".join(f"{each:.1f} in {d}-D" for d, each in _simplices.items()) + ". Each dimension costs several times the memory.",
              abs(_simplices[2] - 2) < 0.1 and 5.5 < _simplices[3] < 6.77 and _simplices[4] > 16),
        mo.md(r"""
    In unbounded space it would be 2, 6.77 ($= 24\pi^2/35$) and 31.8. So the answer to *what is the bottleneck* is: **in the plane, and if you have more places
    than points, the search, unless the places come in order; in space, building the mesh: its simplices and their transforms**. The arithmetic never.

    A mesh can be kept: `LinearNDInterpolator(Delaunay(points), values)` pays once for many sets of values. `griddata` throws its mesh away each time, which is
    the commonest way to waste an hour with it.
    """),
    ])  # fmt: skip
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q57"), mo.md(r"""
    In the blur stream you wrote the heart of it, with two loops. Now the whole, without any, in any dimension. A tetrahedron has four barycentric
    weights: solve $\sum_i w_i\, (p_i, 1) = (r, 1)$. SciPy has the inverse of that matrix for each simplex already.
    """)])  # fmt: skip
    return


@app.cell
def _(INTERPOLATE, bench, help_of, mo, prompt_of):
    interpolate_bench = bench(INTERPOLATE)
    mo.vstack([prompt_of(INTERPOLATE), interpolate_bench, help_of(INTERPOLATE)])
    return (interpolate_bench,)


@app.cell
def _(INTERPOLATE, interpolate_bench, verdict):
    verdict(INTERPOLATE, interpolate_bench.value)
    return


@app.cell
def _(SPREAD, bench, help_of, mo, prompt_of):
    spread_bench = bench(SPREAD)
    mo.vstack([prompt_of(SPREAD), spread_bench, help_of(SPREAD)])
    return (spread_bench,)


@app.cell
def _(SPREAD, spread_bench, verdict):
    verdict(SPREAD, spread_bench.value)
    return


@app.cell
def _(claim, mo, np):
    import torch

    from vitreous.numerics.disc import disc
    from vitreous.numerics.rotations import random_rotations
    from vitreous.numerics.slices import HalfBall, Insertion, ball_margin, slices

    _disc, _g = disc(16), torch.Generator().manual_seed(2)
    _R, _radius = random_rotations(3, _g), 6
    _few = _disc.within(_radius)
    _m = ball_margin(_radius)
    _ball = torch.complex(*torch.randn(2, 2 * _m + 1, 2 * _m + 1, _m + 1, generator=_g))
    _ball[:, :, 0] = (_ball[:, :, 0] + _ball[:, :, 0].flip(0, 1).conj()) / 2  # the transform of something real
    _y = torch.complex(*torch.randn(2, 3, _few, generator=_g))
    _insertion = Insertion(16, _radius, parts=1)
    _insertion.add(_R, _y, torch.ones(3, _few), _disc)
    _numerator, _ = _insertion.total()
    _twice = torch.ones(_m + 1)
    _twice[0] = 0.5  # the plane x = 0 holds each point and its mate
    _left = float((slices(HalfBall(_ball, 16, _radius), _R, _disc, _few).conj() * _y).sum().real)
    _right = float(((_ball.conj() * _numerator).real * _twice).sum())
    mo.vstack(
        [
            mo.md(r"""Spreading is the **transpose** of interpolating: $\langle \text{slices}(V),\, y\rangle = \langle V,\, \text{insert}(y)\rangle$. That single equation is the
        best test of a reconstruction program there is: it fails for every sign, every conjugate and every half voxel that is wrong."""),
            claim(
                f"Vitreous' own kernels pass it: {_left:.3f} on one side, {_right:.3f} on the other.", np.isclose(_left, _right, rtol=1e-4)
            ),
        ]
    )
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q58"), mo.md(r"""
    Sample a smooth hill at random points, add noise, interpolate. **First** move the noise up. **Then** give it ten times as many points: does it help?
    Then change to *mean of neighbours*.
    """)])  # fmt: skip
    return


@app.cell
def _(mo):
    noise = mo.ui.slider(0.0, 0.6, 0.05, value=0.2, show_value=True, label="Noise σ (heights of the hill)")
    amount = mo.ui.slider(steps=[50, 100, 200, 500, 1000, 3000], value=200, show_value=True, label="Points")
    scheme = mo.ui.radio(["linear", "cubic", "mean of neighbours"], value="linear", label="Rule", inline=True)
    mo.hstack([noise, amount, scheme], justify="start", gap=2)
    return amount, noise, scheme


@app.cell
def _(CloughTocher2DInterpolator, LinearNDInterpolator, np):
    from scipy.spatial import KDTree

    _line = np.linspace(-1, 1, 61)
    GRID = np.stack(np.meshgrid(_line, _line, indexing="xy"), -1)

    def hill(points):
        return np.exp(-3 * (points**2).sum(-1))

    def smeared(points, values, at, width=0.15):
        """Weighted mean of the values around each place; the weights fall to zero at ``width``."""
        near = KDTree(points).query_ball_point(at.reshape(-1, 2), width)
        flat, found = at.reshape(-1, 2), np.full(at[..., 0].size, np.nan)
        for i, rows in enumerate(near):
            if rows:
                weight = 1 - ((points[rows] - flat[i]) ** 2).sum(1) / width**2
                found[i] = weight @ values[rows] / weight.sum()
        return found.reshape(at.shape[:-1])

    def surface(rule, points, values):
        if rule == "mean of neighbours":
            return smeared(points, values, GRID)
        return {"linear": LinearNDInterpolator, "cubic": CloughTocher2DInterpolator}[rule](points, values)(GRID)

    return GRID, hill, surface


@app.cell
def _(Axis, Figure, GRID, Panel, Picture, Scatter, amount, hill, mo, noise, np, scheme, show, surface):
    _rng = np.random.default_rng(5)
    _points = _rng.uniform(-1, 1, size=(amount.value, 2))
    _values = hill(_points) + noise.value * _rng.normal(size=amount.value)
    _found = surface(scheme.value, _points, _values)
    _extent = (-1.0, 1.0, -1.0, 1.0)
    _axes = {"x": Axis("x", "arbitrary", limits=(-1, 1)), "y": Axis("y", "arbitrary", limits=(-1, 1))}
    _dots = (Scatter(x=_points[:, 0], y=_points[:, 1], colour="lime", size=5),) if amount.value <= 500 else ()
    _figure = Figure(
        name="noisy", title="A hill from noisy points", height=3.5,
        caption="Left: the truth, with the points. Middle: what the rule makes of them. Right: its error. Look for triangles that stand out like facets, for holes at the rim "
        "(outside all triangles), and for what ten times the points change.",
        panels=(
            Panel(title="truth", marks=(Picture(values=hill(GRID), extent=_extent, limits=(-0.3, 1.2), colours="viridis"), *_dots), equal=True, **_axes),
            Panel(title=scheme.value, marks=(Picture(values=_found, extent=_extent, limits=(-0.3, 1.2), colours="viridis"),), equal=True, **_axes),
            Panel(title="error", marks=(Picture(values=_found - hill(GRID), extent=_extent, limits=(-0.5, 0.5), colours="diverging"),), equal=True, **_axes),
        ),
    )  # fmt: skip
    _inner = (np.abs(GRID) < 0.7).all(-1)
    _rms = np.sqrt(np.nanmean((_found - hill(GRID))[_inner] ** 2))
    mo.vstack(
        [
            show(_figure),
            mo.md(
                f"Error away from the rim: **{_rms:.3f}**"
                + (f", {_rms / noise.value:.2f} of the noise." if noise.value else ", of a hill of height 1.")
            ),
        ]
    )
    return


@app.cell
def _(LinearNDInterpolator, claim, mo, np, steps, surface):
    _rng = np.random.default_rng(6)
    _line = np.linspace(-0.7, 0.7, 40)
    _at = np.stack(np.meshgrid(_line, _line), -1)
    _shares = []
    for _n in (300, 3000):
        _points = _rng.uniform(-1, 1, size=(_n, 2))
        _draws = LinearNDInterpolator(_points, _rng.normal(size=(_n, 24)))(_at)
        _shares.append(float((_draws**2).mean()))
    _points, _pure = _rng.uniform(-1, 1, size=(3000, 2)), _rng.normal(size=3000)
    _mean = surface("mean of neighbours", _points, _pure)
    _averaged = float(np.nanmean(_mean[10:-10, 10:-10] ** 2))
    mo.vstack([
        claim(f"Linear interpolation leaves half of the variance of the noise, with 300 points ({_shares[0]:.2f}) as with 3000 ({_shares[1]:.2f}): more data do not help.",
              all(abs(each - 0.5) < 0.05 for each in _shares)),
        claim(f"The mean of neighbours within 0.15 leaves {_averaged:.3f} of it at 3000 points, about 4/3 over the {3000 * np.pi * 0.15**2 / 4:.0f} points it sees.",
              abs(_averaged / (4 / 3 / (3000 * np.pi * 0.15**2 / 4)) - 1) < 0.3),
        steps(
            ("Why a half?", r"""At a place with weights $w_1 + w_2 + w_3 = 1$ the noise has the variance $\sigma^2(w_1^2 + w_2^2 + w_3^2)$. Over a triangle the weights are uniform on the
            simplex, where $E[w_i^2] = \frac{2}{d'(d'+1)}$ with $d' = 3$ corners: $\frac16$. Three of them: $\frac12$. In space, four corners: $4 \cdot \frac{2}{4 \cdot 5} = \frac25$."""),
            ("Interpolation believes", r"""It goes *through* every value: at a data point all of its noise is in the map. It asks for the values to be right and the function to be unknown. In cryo-EM the
            opposite is true: the values are mostly noise, and many are about the same thing."""),
            ("So average", r"""Least squares: minimise $\sum_j |y_j - (A V)_j|^2 / \sigma_j^2$, where $A$ *interpolates the map at the data*. With a diagonal approximation of $A^\mathsf{T}A$ this is
            $V = \frac{\sum w\,y}{\sum w}$: exercise `spread`, then divide. Each voxel is a mean, and its noise falls as one over the number of pictures. Direct Fourier inversion is
            the transpose of an interpolation, not an interpolation."""),
            ("How smooth must things be?", r"""An error of linear interpolation is $\tfrac18 h^2 |f''|$, one of noise $\sigma/\sqrt2$. Below $h = (4\sqrt2\,\sigma / |f''|)^{1/2}$ the noise rules, and a finer
            net is wasted on interpolation."""),
        ),
        mo.md(r"""
    **Pathologies.** Three of them, for you to provoke: a *sliver* (three points nearly on a line), a *cliff* under a cubic rule, and *two values at one
    place*.
    """),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    thin = mo.ui.slider(
        steps=[1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01], value=0.1, show_value=True, label="Height of the thin triangle (of its base)"
    )
    thin
    return (thin,)


@app.cell
def _(Axis, CloughTocher2DInterpolator, Figure, GRID, Line, Panel, Picture, Rule, Scatter, np, show, thin):
    _h = thin.value
    _corners = np.array([[-1.0, 0.0], [1.0, 0.0], [0.1, _h]])
    _values = np.array([0.0, 0.0, 0.1])
    _beyond = np.linspace(0, 1, 50)
    _rng = np.random.default_rng(4)
    _points = _rng.uniform(-1, 1, size=(120, 2))
    _cliff = (_points[:, 0] > 0).astype(float)
    _cubic = CloughTocher2DInterpolator(_points, _cliff)(GRID)
    show(Figure(
        name="pathologies", title="A sliver and a cliff", columns=2, height=3.6,
        caption="Left: three values, 0, 0 and 0.1 (an error, say), on a triangle of height h: the slope they claim, drawn across, is 0.1/h. Right: a cliff from 0 to 1 (dashed) through a "
        "cubic rule. White is 0, or 1; blue and red beyond them are values that nobody measured.",
        panels=(
            Panel(title=f"slope {0.1 / _h:.1f}", marks=(Line(x=[*_corners[:, 0], _corners[0, 0]], y=[*_corners[:, 1], 0.0], colour="muted", label="triangle, seen from above"),
                                                        Line(x=_beyond, y=_beyond * 0.1 / _h, colour="orange", width=2.4, label="value against distance from the base"),
                                                        Scatter(x=_corners[:, 0], y=_corners[:, 1], colour="ink", size=28)),
                  x=Axis("Distance", "base half-lengths", limits=(-1.1, 1.1)), y=Axis("Distance, or value", "arbitrary", limits=(-0.1, 1.4))),
            Panel(title=f"overshoot {np.nanmax(_cubic) - 1:.2f} and −{-np.nanmin(_cubic):.2f}",
                  marks=(Picture(values=np.where(_cubic > 1, _cubic - 1, np.minimum(_cubic, 0)), extent=(-1, 1, -1, 1), limits=(-0.15, 0.15), colours="diverging", scale="beyond 0 or 1 (cut at ±0.15)"),
                         Rule(at=0.0), Scatter(x=_points[:, 0], y=_points[:, 1], colour="ink", size=5)),
                  x=Axis("x", "arbitrary", limits=(-1, 1)), y=Axis("y", "arbitrary", limits=(-1, 1)), equal=True),
        ),
    ))  # fmt: skip
    return


@app.cell
def _(Delaunay, claim, griddata, mo, np):
    _points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5], [0.5, 0.5]])
    _twice = griddata(_points, np.array([0.0, 0, 0, 0, 1.0, 3.0]), np.array([[0.5, 0.5]]))[0]
    _lost = len(Delaunay(_points).coplanar)
    _outside = griddata(_points[:5], np.arange(5.0), np.array([[2.0, 2.0]]))[0]
    _spokes = np.concatenate([np.outer(np.linspace(-1, 1, 21), [np.cos(a), np.sin(a)]) for a in np.linspace(0, np.pi, 41)[:-1]])
    _same = len(_spokes) - len(np.unique(_spokes.round(12), axis=0))
    _mesh = Delaunay(_spokes)
    _angles = []
    for _s in _mesh.simplices:
        _a, _b, _c = _spokes[_s]
        _sides = [np.linalg.norm(_b - _c), np.linalg.norm(_c - _a), np.linalg.norm(_a - _b)]
        _small = min(_sides)
        _rest = sorted(_sides)[1:]
        _angles.append(np.rad2deg(np.arccos(np.clip((_rest[0] ** 2 + _rest[1] ** 2 - _small**2) / (2 * _rest[0] * _rest[1]), -1, 1))))
    mo.vstack([
        claim(f"Two values, 1 and 3, at one place: griddata answers {_twice:.0f}. It drops {_lost} of the points without a word, where the mean would be 2.", _twice in (1.0, 3.0) and _lost == 1),
        claim("Outside the hull it answers NaN, unless you give a fill_value, which is worse.", np.isnan(_outside)),
        claim(f"Slices through an origin are the worst case: of 40 lines of 21 points {_same} coincide in the middle, and the thinnest triangle has an angle of {min(_angles):.1f}°.",
              _same == 39 and min(_angles) < 6),
        mo.md(r"""
    That last one is *our* geometry: all slices of all particles meet at zero frequency, every pair of them along a line (the *common line*), and away from
    the origin they fan out. Where they are dense there are a thousand noisy values on one place, of which `griddata` would believe one; where they are sparse,
    it would draw long slivers across what nobody measured. Units matter too: coordinates in Å along x and in degrees along y make every triangle a sliver
    (`rescale=True`).
    """),
    ])  # fmt: skip
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q59"), mo.md(r"""
    | | `scipy.ndimage.map_coordinates` | `scipy.interpolate.griddata` |
    |:---|:---|:---|
    | data | on a **regular grid**: an array | **scattered**: coordinates and values |
    | places are given in | array indices (row, column) | the units of the points |
    | neighbours | known: `floor` | triangulation and search |
    | rules | splines of order 0 to 5, with a prefilter | nearest, linear; cubic in 1-D and 2-D only |
    | linear means | **bi**linear: $1, x, y, xy$ in each cell | planes on triangles: $1, x, y$ |
    | outside | what `mode` says: constant 0, nearest, mirror, wrap | NaN |
    | complex | recent versions, part by part | yes |
    | cost for $k$ places | $k$, after a prefilter of $n$ for orders ≥ 2 | $n \log n$, then $k$ times a walk |

    They agree only where both are right. Take the saddle $f = xy$ on a grid and ask both:
    """)])  # fmt: skip
    return


@app.cell
def _(mo):
    cells = mo.ui.slider(2, 12, 1, value=4, show_value=True, label="Grid (cells a side)")
    spline = mo.ui.radio(["1", "3"], value="1", label="Order of map_coordinates", inline=True)
    mo.hstack([cells, spline], justify="start", gap=3)
    return cells, spline


@app.cell
def _(Axis, Figure, Panel, Picture, cells, griddata, mo, ndimage, np, show, spline):
    _n = cells.value
    _line, _fine = np.linspace(-1, 1, _n + 1), np.linspace(-1, 1, 101)
    _gx, _gy = np.meshgrid(_line, _line)
    _fx, _fy = np.meshgrid(_fine, _fine)
    _values = _gx * _gy
    _by_map = ndimage.map_coordinates(_values, [(_fy + 1) / 2 * _n, (_fx + 1) / 2 * _n], order=int(spline.value), mode="nearest")
    _by_mesh = griddata(np.stack([_gx.ravel(), _gy.ravel()], 1), _values.ravel(), np.stack([_fx, _fy], -1))
    _extent, _most = (-1.0, 1.0, -1.0, 1.0), 1 / _n**2
    _axes = {"x": Axis("x", "arbitrary", limits=(-1, 1)), "y": Axis("y", "arbitrary", limits=(-1, 1))}
    _figure = Figure(
        name="saddle", title="A saddle from a grid", height=3.5,
        caption="Left: the saddle xy. Middle and right: error of either. On a square the four corners lie on one circle, so Delaunay may draw either diagonal: griddata makes a "
        "roof or a valley of each cell. Order 1 is exact, as xy is one of its four functions; order 3 with mirrored ends is not, near the rim.",
        panels=(
            Panel(title="truth", marks=(Picture(values=_fx * _fy, extent=_extent, limits=(-1, 1), colours="diverging"),), equal=True, **_axes),
            Panel(title=f"map_coordinates, order {spline.value}", marks=(Picture(values=_by_map - _fx * _fy, extent=_extent, limits=(-_most, _most), colours="diverging"),), equal=True, **_axes),
            Panel(title="griddata, linear", marks=(Picture(values=_by_mesh - _fx * _fy, extent=_extent, limits=(-_most, _most), colours="diverging", scale="error"),), equal=True, **_axes),
        ),
    )  # fmt: skip
    mo.vstack([show(_figure), mo.md(f"Largest error: map_coordinates **{np.abs(_by_map - _fx * _fy).max():.1e}**, griddata **{np.nanmax(np.abs(_by_mesh - _fx * _fy)):.3f}** "
                                    f"(a cell's side squared over four is {(2 / _n) ** 2 / 4:.3f}).")])  # fmt: skip
    return


@app.cell
def _(claim, griddata, mo, ndimage, np):
    _square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    _xy = _square.prod(1)
    _middle = griddata(_square, _xy, np.array([[0.5, 0.5]]))[0]
    _bilinear = ndimage.map_coordinates(_xy.reshape(2, 2), [[0.5], [0.5]], order=1)[0]
    _rng = np.random.default_rng(0)
    _data = _rng.normal(size=32)
    _with, _without = (ndimage.map_coordinates(_data, [np.arange(32.0)], order=3, mode="mirror", prefilter=each) for each in (True, False))
    from vitreous.numerics.at_points import values_at

    _volume = _rng.normal(size=(6, 7, 8)).astype(np.float32)
    _places = _rng.uniform(0, 4.9, size=(50, 3))
    _gap = float(np.abs(values_at(_volume, _places) - ndimage.map_coordinates(_volume, _places[:, ::-1].T, order=1)).max())
    mo.vstack([
        claim(f"In the middle of a cell of xy the answer is ¼ for map_coordinates ({_bilinear:.2f}); griddata says {_middle:.1f}.", abs(_bilinear - 0.25) < 1e-12 and abs(_middle - 0.25) > 0.2),
        claim(f"With prefilter=False a cubic spline does not even go through its samples: it is a blur (correlation {np.corrcoef(_without, _data)[0, 1]:.2f}, not 1).",
              np.allclose(_with, _data) and np.corrcoef(_without, _data)[0, 1] < 0.99),
        claim(f"Vitreous' values_at is map_coordinates of order 1 with the axes as (x, y, z): they differ by {_gap:.0e}.", _gap < 1e-5),
        mo.md(r"""
    ## Where it happens

    In cryo-EM **reading** a map is `map_coordinates`: grid known, places anywhere; and **building** one is neither: it is spreading, the transpose. `griddata` is for
    what is few, precise and scattered: drift of a stage over a grid square, defocus of some particles over a micrograph, ice thickness over the atlas. Even
    there, the values are noisy, and a fitted plane or a smoothing spline (Vitreous uses both, for defocus and for local motion) beats going through every one.
    """),
    ])  # fmt: skip
    return


@app.cell
def _(closing):
    closing("interpolation-sharpen")
    return


if __name__ == "__main__":
    app.run()

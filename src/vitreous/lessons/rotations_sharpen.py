import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Quaternions, and searching over rotations")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.quaternions import AXIS_ANGLE, DERIVATIVE, MULTIPLY, QUATERNION, hamilton, jacobian
    from vitreous.learning.page import claim, closing, opening, question, show, steps
    from vitreous.learning.rotation_in_words import in_words
    from vitreous.numerics.rotations import exponential, from_quaternion, geodesic_deg, logarithm, nearest_rotation, random_rotations
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Ellipse, Line, Note, RowBars, Rule, Scatter

    return (
        AXIS_ANGLE, Axis, DERIVATIVE, Ellipse, Figure, Line, MULTIPLY, Note, PURE, Panel, QUATERNION, RowBars, Rule, Scatter, bench, claim,
        closing, exponential, from_quaternion, geodesic_deg, hamilton, help_of, in_words, jacobian, logarithm, mo, nearest_rotation, np,
        opening, prompt_of, question, random_rotations, show, steps, torch, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("rotations-sharpen")
    return


@app.cell
def _(mo):
    mo.md(r"""
    A refinement of 100 000 particles tries some $10^{10}$ orientations. Which numbers should stand for an orientation: nine of a matrix, four of a
    quaternion, three of a rotation vector? The answer depends on whether you want to **store** it, **apply** it or **move** it, and this lesson
    ends where refinement does: with the derivative of a turned point.

    ## Orthogonal transformations

    A linear map that keeps all lengths keeps all angles, because $u \cdot v = \tfrac14(|u + v|^2 - |u - v|^2)$. In matrices: $R^\mathsf{T}R = 1$.
    From this one line everything follows.
    """)
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q46"), mo.md(r"""
    Quine's sheet (section 4.5, pp. 30-31) is its author's; the group names it without printing it, and so do we. Below are **seven problems of
    ours** that walk through his chapter 4, *orthogonal transformations and rotations*, each with its proof, opened step by step, and each
    checked by the computer. The tool of the first lesson is here once more: it looks at any matrix of the printed sheet.
    """)])  # fmt: skip
    return


@app.cell
def _(steps):
    steps(
        ("Orthogonal matrices are a group with two parts", r"""*Show that products and inverses of orthogonal matrices are orthogonal, and that their determinant is ±1.*

        $(AB)^\mathsf{T}(AB) = B^\mathsf{T}A^\mathsf{T}AB = 1$, and $A^{-1} = A^\mathsf{T}$ is orthogonal as well. $1 = \det(R^\mathsf{T}R) = (\det R)^2$. Those with +1
        are the rotations, SO(3). Those with −1 (mirrors, the inversion) are no group: two of them make a rotation. A determinant cannot
        creep from +1 to −1, so **no continuous motion turns a hand over**."""),
        ("Every rotation in space has an axis", r"""*Show that 1 is an eigenvalue.*

        $\det(R - 1) = \det(R - RR^\mathsf{T}) = \det R \det(1 - R^\mathsf{T}) = \det(1 - R) = (-1)^3\det(R - 1)$. A number that is its own negative is 0.
        (This is Euler, 1775. In the plane the sign is $(-1)^2$ and nothing follows: no axis there.)"""),
        ("Trace and angle", r"""*Show that* $\operatorname{tr} R = 1 + 2\cos\theta$.

        Put z along the axis. Then $R$ is the plane's rotation and a 1, with the trace $2\cos\theta + 1$, and the trace is the same in every frame. The
        eigenvalues are $1, e^{i\theta}, e^{-i\theta}$: the complex form of the plane, hidden in space."""),
        ("The axis goes along", r"""*Show that* $S\,R_n(\theta)\,S^\mathsf{T} = R_{Sn}(\theta)$.

        $S R S^\mathsf{T}(Sn) = S R n = Sn$: the axis is $Sn$. The trace, so the angle, is the same. This is how a symmetry axis moves when you turn the
        map: `g` becomes `S g Sᵀ`."""),
        ("Rodrigues' formula", r"""*Write the rotation by* $\theta$ *about* $n$ *without any frame.*

        Split $r$ into the part along $n$, $(n \cdot r)n$, which stays, and the part across, which turns towards $n \times r$:
        $R r = r\cos\theta + (n \times r)\sin\theta + n(n \cdot r)(1 - \cos\theta)$. With $K = [n]_\times$: $R = 1 + \sin\theta\,K + (1 - \cos\theta)K^2 = e^{\theta K}$, as
        $K^3 = -K$. In Vitreous it is `exponential`, and backwards `logarithm`."""),
        ("Two mirrors, in space", r"""*What is the mirror across the plane perpendicular to* $a$, *then to* $b$?

        A vector along $a \times b$ lies in both mirrors and stays: it is the axis. In the plane across it both are mirrors at lines with the angle
        $\angle(a, b)$ between them: a turn by **twice that angle**. So a rotation by $\theta$ is a pair of unit vectors $\theta/2$ apart. Hamilton's
        quaternion is exactly their product, $q = -b\,a$, with scalar part $a \cdot b = \cos(\theta/2)$. That is the half angle."""),
        ("How far apart are two rotations?", r"""*Relate* $\|A - B\|_F$ *to the angle of* $A^\mathsf{T}B$.

        $\|A - B\|^2 = 6 - 2\operatorname{tr}A^\mathsf{T}B = 6 - 2(1 + 2\cos\theta) = 8\sin^2(\theta/2)$. So $\theta = 2\arcsin(\|A - B\| / \sqrt8)$. The textbook's
        $\arccos((\operatorname{tr} - 1)/2)$ says the same, but near 0 it loses half its digits: `geodesic_deg` takes the arcsine."""),
    )  # fmt: skip
    return


@app.cell
def _(claim, exponential, geodesic_deg, logarithm, mo, np, random_rotations, torch):
    _A, _B = random_rotations(2, torch.Generator().manual_seed(1))
    _n, _angle = torch.tensor([2.0, -1.0, 2.0], dtype=torch.float64) / 3, 0.8
    _R = exponential(_n * _angle)
    _mirror = lambda a: np.eye(3) - 2 * np.outer(a, a)  # noqa: E731
    _a, _b = np.array([1.0, 0, 0]), np.array([np.cos(0.4), np.sin(0.4), 0])
    _tiny = 1e-9
    _near = exponential(torch.tensor([0.0, 0.0, _tiny], dtype=torch.float64))
    _textbook = float(torch.arccos(((_near.trace() - 1) / 2).clamp(max=1.0)))
    mo.vstack([
        claim("2. det(R − 1) = 0 for a random rotation.", abs(float(torch.linalg.det(_A - torch.eye(3)))) < 1e-12),
        claim("3. The trace of a turn by 0.8 rad about (2, −1, 2)/3 is 1 + 2 cos 0.8.", abs(float(_R.trace()) - 1 - 2 * np.cos(0.8)) < 1e-12),
        claim("4. S R Sᵀ has the rotation vector S (θ n).", torch.allclose(logarithm(_A @ _R @ _A.T), _A @ (_n * _angle))),
        claim("6. Mirrors whose normals are 0.4 rad apart make a turn by 0.8 rad.",
              np.allclose(_mirror(_b) @ _mirror(_a), exponential(torch.tensor([0.0, 0.0, 0.8], dtype=torch.float64)).numpy())),
        claim("7. ‖A − B‖ = √8 sin(θ/2).", abs(float((_A - _B).norm()) - 8**0.5 * np.sin(np.deg2rad(float(geodesic_deg(_A, _B))) / 2)) < 1e-12),
        claim(f"7. Of a turn by 10⁻⁹ rad the arccosine makes {_textbook:.1g} rad; the arcsine makes {np.deg2rad(float(geodesic_deg(_near, torch.eye(3).double()))):.3g}.",
              _textbook != _tiny and abs(np.deg2rad(float(geodesic_deg(_near, torch.eye(3).double()))) / _tiny - 1) < 1e-6),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    sheet = mo.ui.matrix([[0.36, 0.48, -0.8], [-0.8, 0.6, 0], [0.48, 0.64, 0.6]], min_value=-5, max_value=5, step=0.001, precision=3)
    mo.vstack([mo.md("**Any matrix of the sheet**, in words. What does this one do? Swap two of its rows and look again."), sheet])
    return (sheet,)


@app.cell
def _(in_words, mo, sheet):
    mo.callout(mo.md(in_words(sheet.value)), kind="info")
    return


@app.cell
def _(AXIS_ANGLE, bench, help_of, mo, prompt_of):
    axis_bench = bench(AXIS_ANGLE)
    mo.vstack([prompt_of(AXIS_ANGLE), axis_bench, help_of(AXIS_ANGLE)])
    return (axis_bench,)


@app.cell
def _(AXIS_ANGLE, axis_bench, verdict):
    verdict(AXIS_ANGLE, axis_bench.value)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Once around is halfway

    In the plane a turn is a multiplication by $e^{i\theta}$. In space it is a multiplication from **both** sides, $p' = q\,p\,\bar q$, and each side
    does half: $q = \cos\tfrac\theta2 + \sin\tfrac\theta2\,(n_x i + n_y j + n_z k)$.

    Turn the flag about z, slowly, all the way to 360°. It is back. Where is its quaternion? Go on to 720°.
    """)
    return


@app.cell
def _(mo):
    around = mo.ui.slider(-180, 720, 10, value=120, show_value=True, label="Turn about z (°)", full_width=False)
    around
    return (around,)


@app.cell
def _(Axis, Ellipse, Figure, Line, Note, PURE, Panel, Scatter, around, mo, np, show):
    _theta = np.deg2rad(around.value)
    _flag = np.array([0.0, 1.6j, 0.8 + 1.6j, 0.55 + 1.3j, 0.8 + 1j, 1j]) * np.exp(1j * _theta)
    _way = np.linspace(0, _theta, 120)
    _w, _z = np.cos(_theta / 2), np.sin(_theta / 2)
    _square = {"x": Axis("x", "arbitrary", limits=(-1.9, 1.9)), "y": Axis("y", "arbitrary", limits=(-1.9, 1.9))}
    _plane = {"x": Axis("w, the scalar part", PURE, limits=(-1.35, 1.35)), "y": Axis("z, the part along k", PURE, limits=(-1.35, 1.35))}
    _figure = Figure(
        name="cover", title="A turn and its quaternion", columns=2, height=4.0,
        caption="Left: the flag, seen from +z. Right: its quaternion, which goes around half as fast. Red: q; orange cross: −q, the same orientation. At "
        "360° the flag is back and q is at −1: it takes two turns of the flag for one of the quaternion.",
        panels=(
            Panel(title="the flag", marks=(Line(x=1.25 * np.sin(-_way), y=1.25 * np.cos(_way), colour="sky", width=1.0),
                                           Line(x=_flag.real, y=_flag.imag, width=2.6), Note(x=0, y=0, text="●", size=7)),
                  equal=True, legend="none", **_square),
            Panel(title="q = (w, 0, 0, z)", marks=(Ellipse(x=0, y=0, a=1, b=1, colour="muted", style="solid"),
                                                   Line(x=np.cos(_way / 2), y=np.sin(_way / 2), colour="sky", width=3.0),
                                                   Line(x=[0, _w], y=[0, _z], colour="red", width=2.2), Scatter(x=[_w], y=[_z], colour="red", size=70, label="q"),
                                                   Scatter(x=[-_w], y=[-_z], colour="orange", size=70, symbol="cross", label="−q"), Note(x=1.2, y=0.06, text="1"),
                                                   Note(x=-1.22, y=0.06, text="−1"), Note(x=0.0, y=1.1, text="k"), Note(x=0.0, y=-1.2, text="−k")),
                  equal=True, legend="none", **_plane),
        ),
    )  # fmt: skip
    mo.vstack(
        [
            show(_figure),
            mo.md(
                f"q = ({_w:.4f}, 0, 0, {_z:.4f}) and −q = ({-_w:.4f}, 0, 0, {-_z:.4f}) are the same orientation: **{around.value % 360}°** about z."
            ),
        ]
    )
    return


@app.cell
def _(claim, from_quaternion, geodesic_deg, mo, np, torch):
    _g = torch.Generator().manual_seed(6)
    _p, _q = (each / each.norm() for each in torch.randn(2, 4, generator=_g, dtype=torch.float64))
    _gap = float(geodesic_deg(from_quaternion(_p), from_quaternion(_q)))
    mo.vstack([
        claim("from_quaternion(q) and from_quaternion(−q) are equal, digit by digit.", torch.equal(from_quaternion(_q), from_quaternion(-_q))),
        claim(f"The angle between two orientations is 2 arccos |p · q|: {_gap:.2f}° for a random pair. The bars are there for the double cover.",
              abs(_gap - np.rad2deg(2 * np.arccos(abs(float(_p @ _q))))) < 1e-6),
        mo.md(r"""
    The *double cover* is no curiosity. Average $q$ and a neighbour of $-q$ component by component and you get nearly 0; let a network predict
    quaternions and there are orientations at which it must jump. Before you compare or average quaternions, give them one sign ($p \cdot q \ge 0$).
    """),
    ])  # fmt: skip
    return


@app.cell
def _(claim, from_quaternion, geodesic_deg, exponential, mo, np, question, torch):
    _q = torch.tensor([np.sqrt(0.5), 0.0, 0.0, -np.sqrt(0.5)], dtype=torch.float64)
    _clockwise = exponential(torch.tensor([0.0, 0.0, -np.pi / 2], dtype=torch.float64))
    mo.vstack([
        question("Q47"),
        mo.md(r"""Set the slider above to **−90°**: the flag has turned clockwise (as seen from the tip of z, looking back at the origin) by a quarter,
        and the red point has gone an eighth of its circle, downwards.

        $$q = \cos(-45°) + \sin(-45°)\,k = \left(\sqrt{\tfrac12},\ 0,\ 0,\ -\sqrt{\tfrac12}\right)$$

        and of course $-q = (-\sqrt{\tfrac12}, 0, 0, \sqrt{\tfrac12})$, which you find on the slider at **270°**: three quarters the other way round."""),
        claim("(√½, 0, 0, −√½) is a clockwise quarter turn about z: x goes to −y.",
              float(geodesic_deg(from_quaternion(_q), _clockwise)) < 1e-5
              and torch.allclose(from_quaternion(_q)[:, 0], torch.tensor([0.0, -1.0, 0.0]).double(), atol=1e-12)),
    ])  # fmt: skip
    return


@app.cell
def _(QUATERNION, bench, help_of, mo, prompt_of):
    quaternion_bench = bench(QUATERNION)
    mo.vstack([prompt_of(QUATERNION), quaternion_bench, help_of(QUATERNION)])
    return (quaternion_bench,)


@app.cell
def _(QUATERNION, quaternion_bench, verdict):
    verdict(QUATERNION, quaternion_bench.value)
    return


@app.cell
def _(claim, hamilton, mo, np, question, steps):
    _k, _i = np.eye(4)[3], np.eye(4)[1]
    _turned = hamilton(hamilton(_k, _i), _k * [1, -1, -1, -1])
    mo.vstack([
        question("Q48"),
        mo.md(r"""Hamilton's rules: $i^2 = j^2 = k^2 = -1$, and round the circle $ij = k$, $jk = i$, $ki = j$; against it, minus. (The group's sheet has a misprint:
        $r = \langle r_x, r_y, r_x\rangle$ and a $q_j$. Read $r_z$ and $q_z$.)"""),
        steps(
            ("Write both as quaternions", r"""$r = (1, 0, 0)$ is $p = i$. $\theta = 180°$ about z: $q = \cos 90° + \sin 90°\,k = k$, and $q^{-1} = \bar q = -k$."""),
            ("Multiply from the left", r"""$q\,p = k\,i = j$."""),
            ("Multiply from the right", r"""$(q\,p)\,q^{-1} = j\,(-k) = -jk = -i$."""),
            ("Read the vector", r"""$-i$ is $(-1, 0, 0)$. **Yes.** And with one side only? $k\,i = j$ would be $(0, 1, 0)$: half the way, as it should be."""),
            ("And a point on the axis", r"""$k\,k\,(-k) = -k^3 = k$. It stays, as a point on the axis must. What would have gone wrong with $q\,p\,q$?"""),
        ),
        claim("k i k̄ = −i.", np.array_equal(_turned, -_i)),
    ])  # fmt: skip
    return


@app.cell
def _(MULTIPLY, bench, help_of, mo, prompt_of):
    multiply_bench = bench(MULTIPLY)
    mo.vstack([prompt_of(MULTIPLY), multiply_bench, help_of(MULTIPLY)])
    return (multiply_bench,)


@app.cell
def _(MULTIPLY, multiply_bench, verdict):
    verdict(MULTIPLY, multiply_bench.value)
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q49"), mo.md(r"""
    Do not believe tables: **count**. The cell below gives the computer numbers that keep a tally of every multiplication and addition made with
    them, and turns a point in each way.
    """)])  # fmt: skip
    return


@app.cell
def _():
    class Tally:
        """A number that counts what is done with it."""

        times = plus = 0

        def __init__(self, value):
            self.value = value

        def __mul__(self, other):
            Tally.times += 1
            return Tally(self.value * other.value)

        def __add__(self, other):
            Tally.plus += 1
            return Tally(self.value + other.value)

        def __sub__(self, other):
            Tally.plus += 1
            return Tally(self.value - other.value)

    def dot(a, b):
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]

    def cross(a, b):
        return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]

    def by_matrix(R, r):
        return [dot(row, r) for row in R]

    def product(p, q):
        c = cross(p[1:], q[1:])
        return [p[0] * q[0] - dot(p[1:], q[1:])] + [p[0] * q[k + 1] + q[0] * p[k + 1] + c[k] for k in range(3)]

    def by_sandwich(q, p, conjugate):
        return product(product(q, p), conjugate)[1:]

    def by_cross(q, r):
        """r + w t + v × t with t = 2 v × r, the doubling an addition."""
        t = [each + each for each in cross(q[1:], r)]
        c = cross(q[1:], t)
        return [r[k] + q[0] * t[k] + c[k] for k in range(3)]

    def to_matrix(q, one):
        w, x, y, z = q
        X, Y, Z = x + x, y + y, z + z
        xx, yy, zz, xy, xz, yz, wx, wy, wz = x * X, y * Y, z * Z, x * Y, x * Z, y * Z, w * X, w * Y, w * Z
        return [[one - (yy + zz), xy - wz, xz + wy], [xy + wz, one - (xx + zz), yz - wx], [xz - wy, yz + wx, one - (xx + yy)]]

    return Tally, by_cross, by_matrix, by_sandwich, product, to_matrix


@app.cell
def _(Tally, by_cross, by_matrix, by_sandwich, claim, from_quaternion, mo, np, product, to_matrix, torch):
    _q, _r = np.array([0.5, 0.1, -0.7, 0.5]), np.array([1.0, 2.0, -3.0])
    _q = _q / np.linalg.norm(_q)
    _tallied = lambda values: [Tally(each) for each in values]  # noqa: E731
    _R = from_quaternion(torch.from_numpy(_q)).numpy()

    def _count(task):
        Tally.times = Tally.plus = 0
        found = task()
        return found, (Tally.times, Tally.plus)

    _conjugate = _q * [1, -1, -1, -1]
    _ways = {
        "matrix times point": _count(lambda: by_matrix([_tallied(row) for row in _R], _tallied(_r))),
        "q p q̄, both products written out": _count(lambda: by_sandwich(_tallied(_q), _tallied([0.0, *_r]), _tallied(_conjugate))),
        "q with two cross products": _count(lambda: by_cross(_tallied(_q), _tallied(_r))),
    }
    _, making = _count(lambda: to_matrix(_tallied(_q), Tally(1.0)))
    _, _twice = _count(lambda: product(_tallied(_q), _tallied(_q)))
    costs = {words: count for words, (_, count) in _ways.items()}
    _right = all(np.allclose([each.value for each in found], _R @ _r) for found, _ in _ways.values())
    _rows = "\n".join(f"| {words} | {times} | {plus} |" for words, (times, plus) in costs.items())
    mo.vstack([
        mo.md(f"""
    | to turn one point | multiplications | additions |
    |:---|---:|---:|
    {_rows}
    | *once:* quaternion to matrix | {making[0]} | {making[1]} |
    """.replace("\n    ", "\n")),
        claim("All three ways turn the point to the same place.", _right),
        claim("A matrix needs 9 multiplications a point, a quaternion 15 at best and 32 as the formula stands; making the matrix costs 9, once.",
              costs["matrix times point"][0] == 9 and costs["q with two cross products"][0] == 12 + 3
              and costs["q p q̄, both products written out"][0] == 32 and making[0] == 9),
        claim(f"To chain two rotations a quaternion is cheaper: {_twice[0]} multiplications, where two matrices need 27.", _twice[0] == 16),
    ])  # fmt: skip
    return costs, making


@app.cell
def _(mo):
    many = mo.ui.slider(steps=[1, 2, 3, 5, 10, 30, 100, 1000, 10000], value=3, show_value=True, label="Points turned by the same rotation")
    many
    return (many,)


@app.cell
def _(Axis, Figure, PURE, Panel, RowBars, costs, making, many, mo, show):
    _n = many.value
    _total = {
        "quaternion to matrix, then matrix": making[0] + _n * costs["matrix times point"][0],
        "quaternion, two cross products": _n * costs["q with two cross products"][0],
        "quaternion, q p q̄ written out": _n * costs["q p q̄, both products written out"][0],
        "matrix, points with z = 0 (a slice)": making[0] + _n * 6,
    }
    _bars = RowBars(
        names=tuple(_total),
        lengths=[each / _n for each in _total.values()],
        notes=tuple(f"{each / _n:.2f} a point, {each:,} in all" for each in _total.values()),
    )
    _figure = Figure(name="cost", title="Multiplications to turn points", height=2.6, panels=(Panel(marks=(_bars,), legend="none", x=Axis("Multiplications a point", PURE), y=Axis("Way", PURE)),),
                     caption="Multiplications a point, all points turned by one rotation that is stored as a quaternion. Look for the number of points at which "
                     "making the matrix has paid for itself. A central slice of Fourier space has z = 0, so a third of each matrix is not even used.")  # fmt: skip
    mo.vstack([show(_figure), mo.md(r"""
    **So:** *store* four numbers (or three), *chain* quaternions, but *apply* matrices as soon as there are two points. A particle of 200 pixels has
    15 000 coefficients below Nyquist, all turned alike: the conversion is nothing. That is why Vitreous keeps **matrices** inside (72 bytes a pose;
    a million poses are 72 MB, beside 160 GB of images), and Euler angles only in files. When a matrix has been multiplied so often that
    its columns are no longer quite perpendicular, `nearest_rotation` repairs it; a quaternion is only divided by its length, which is the
    one real advantage in long chains.

    | | numbers | chain two | turn many points | trap |
    |:---|---:|:---|:---|:---|
    | matrix | 9 | 27 multiplications | **9 a point** | drifts from orthogonal |
    | quaternion | 4 | **16** | 9 a point after 9 once | q and −q |
    | rotation vector | **3** | through one of the others | through a matrix | 360° = 0° |
    | Euler angles | **3** | through one of the others | through a matrix, six sines | gimbal lock, 24 conventions |
    """)])  # fmt: skip
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q50"), mo.md(r"""
    A search tries orientations on a grid and keeps the best. The grid is never fine enough: at 300 Å from the centre a step of 1° moves an atom by
    5 Å. So the last bit is **optimisation**: by how much does the picture get better if I turn a little this way? For that one needs the derivative
    of a turned point with respect to the numbers that say the turn.
    """)])  # fmt: skip
    return


@app.cell
def _(steps):
    steps(
        ("What is differentiated", r"""$p' = q\,p\,\bar q$ with $q = w + xi + yj + zk$. Three numbers come out, four go in: $\partial p'/\partial q$ is a $3 \times 4$ matrix, a column each for w, x, y, z."""),
        ("By w", r"""$q$ stands twice, so the product rule gives two terms: $\partial p'/\partial w = 1\,p\,\bar q + q\,p\,1$. The second is minus the conjugate of the first, because
        $\overline{q p} = \bar p\,\bar q = -p\,\bar q$. So $\partial p'/\partial w = q p - \overline{(q p)}$: twice the vector part of $q p$."""),
        ("By x, y, z", r"""$\partial p'/\partial x = i\,p\,\bar q + q\,p\,(-i)$. As $\overline{q p i} = \bar i\,\bar p\,\bar q = i\,p\,\bar q$, this is $\overline{(q p i)} - q p i$. The same with j and k. Together

        $$\frac{\partial p'}{\partial q} = \left[\,qp - \overline{(qp)},\ \ \overline{(qpi)} - qpi,\ \ \overline{(qpj)} - qpj,\ \ \overline{(qpk)} - qpk\,\right].$$

        You may meet it with $pq$ where $qp$ stands here; that belongs to the other rotation, $\bar q\,p\,q$, or is a slip. The claim below lets the computer decide."""),
        ("In vectors", r"""$p' = (w^2 - v\cdot v)\,r + 2(v \cdot r)\,v + 2w\,(v \times r)$, so by w: $2(w r + v \times r)$, and by v: $2\,(v r^\mathsf{T} - r v^\mathsf{T} + (v \cdot r)\,1 - w\,[r]_\times)$."""),
        ("Four numbers for three freedoms", r"""One of the four directions, $q$ itself, does not turn anything: it scales, $\frac{\partial p'}{\partial q}\,q = 2p'$. Only steps **across** $q$ are rotations. Either divide by the
        length after each step, or use the three numbers that are left: $q \to e^{\omega/2}q$, that is $R \to e^{[\omega]_\times}R$, with $\partial p'/\partial\omega = -[p']_\times$: the point moves along $\omega \times p'$. It is the
        simplest derivative of all, has no gimbal lock and no surplus, and is what Vitreous uses."""),
    )  # fmt: skip
    return


@app.cell
def _(DERIVATIVE, bench, help_of, mo, prompt_of):
    derivative_bench = bench(DERIVATIVE)
    mo.vstack([prompt_of(DERIVATIVE), derivative_bench, help_of(DERIVATIVE)])
    return (derivative_bench,)


@app.cell
def _(DERIVATIVE, derivative_bench, verdict):
    verdict(DERIVATIVE, derivative_bench.value)
    return


@app.cell
def _(claim, hamilton, jacobian, mo, np):
    _rng = np.random.default_rng(3)
    _q, _r = _rng.normal(size=4), _rng.normal(size=3)
    _q /= np.linalg.norm(_q)
    _p = np.array([0.0, *_r])

    def _turned(q):
        return hamilton(hamilton(q, _p), q * [1, -1, -1, -1])[1:]

    _step = 1e-5
    _measured = np.stack([(_turned(_q + _step * unit) - _turned(_q - _step * unit)) / (2 * _step) for unit in np.eye(4)], 1)

    def _columns(product):
        return np.stack([2 * product[1:]] + [-2 * hamilton(product, unit)[1:] for unit in np.eye(4)[1:]], 1)

    _with_qp, _with_pq = _columns(hamilton(_q, _p)), _columns(hamilton(_p, _q))
    _omega = _rng.normal(size=3)
    _along = jacobian(_q, _r) @ (hamilton(np.array([0.0, *_omega]), _q) / 2)
    mo.vstack([
        claim("Finite differences agree with [qp − (qp)*, (qpi)* − qpi, …] and with automatic differentiation of from_quaternion; with pq they do not.",
              np.allclose(_measured, _with_qp, atol=1e-8) and np.allclose(jacobian(_q, _r), _with_qp) and not np.allclose(_measured, _with_pq, atol=0.1)),
        claim("Along q nothing turns: the derivative times q is 2 p′.", np.allclose(jacobian(_q, _r) @ _q, 2 * _turned(_q))),
        claim("Along ω q / 2 the point moves by ω × p′: four numbers and three numbers say the same.", np.allclose(_along, np.cross(_omega, _turned(_q)))),
        mo.md(r"""
    ### Play: find an orientation by going downhill

    Twelve atoms, their places measured after an unknown turn, with some error. We start at a wrong orientation and improve it with the derivative
    you have just written: $g = \sum_i (\partial p_i'/\partial q)^\mathsf{T}(p_i' - y_i)$. **Gradient descent** takes a step along $-g$; **Gauss-Newton** also
    knows the curvature, $J^\mathsf{T}J$. Find a step that makes the gradient diverge. Then start 175° off.
    """),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    start_off = mo.ui.slider(5, 175, 5, value=60, show_value=True, label="Start off by (°)")
    step_size = mo.ui.slider(0.005, 0.15, 0.005, value=0.03, show_value=True, label="Gradient step")
    place_error = mo.ui.slider(0.0, 0.3, 0.02, value=0.06, show_value=True, label="Error of places (radii)")
    mo.hstack([start_off, step_size, place_error], justify="start", gap=2)
    return place_error, start_off, step_size


@app.cell
def _(np):
    def slopes(q, r):
        """∂p′/∂q of many points: ``(n, 3, 4)``."""
        w, v = q[0], q[1:]
        zero = np.zeros(len(r))
        cross = np.stack(
            [np.stack([zero, -r[:, 2], r[:, 1]], 1), np.stack([r[:, 2], zero, -r[:, 0]], 1), np.stack([-r[:, 1], r[:, 0], zero], 1)], 1
        )
        by_v = v[:, None] * r[:, None, :] - r[:, :, None] * v + (r @ v)[:, None, None] * np.eye(3) - w * cross
        return 2 * np.concatenate([(w * r + np.cross(v, r))[:, :, None], by_v], 2)

    return (slopes,)


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Rule, from_quaternion, geodesic_deg, np, place_error, show, slopes, start_off, step_size, torch):
    _rng = np.random.default_rng(11)
    _atoms = _rng.normal(size=(12, 3))
    _atoms /= np.sqrt((_atoms**2).sum(1).mean())
    _axis = np.array([1.0, -2.0, 2.0]) / 3
    _half = np.deg2rad(start_off.value) / 2
    _seen = _atoms + place_error.value * _rng.normal(size=_atoms.shape)  # the truth is no turn at all

    def _descend(step):
        q, off = np.array([np.cos(_half), *(np.sin(_half) * _axis)]), []
        for _ in range(31):
            R = from_quaternion(torch.from_numpy(q)).numpy()
            off.append(float(geodesic_deg(torch.from_numpy(R), torch.eye(3).double())))
            J, gap = slopes(q, _atoms).reshape(-1, 4), (_atoms @ R.T - _seen).ravel()
            q = q - step(J, gap)
            q = q / np.linalg.norm(q)
        return np.maximum(off, 1e-6)

    _gradient = _descend(lambda J, gap: step_size.value * J.T @ gap)
    _newton = _descend(lambda J, gap: np.linalg.lstsq(J, gap, rcond=None)[0])
    _n = np.arange(31)
    _floor = np.rad2deg(place_error.value / np.sqrt(len(_atoms)) * 1.5)
    _marks = [
        Line(x=_n, y=_gradient, points=4, label="gradient descent"),
        Line(x=_n, y=_newton, colour="orange", points=4, label="Gauss-Newton"),
    ]
    if _floor > 0:
        _marks.append(Rule(at=_floor, axis="y", text="what the errors of the places allow, about"))
    show(Figure(
        name="descent", title="Orientation error, step by step", height=3.6,
        caption="How far the orientation is off after each step. A straight line downwards on this scale is a constant factor a step (gradient); Gauss-Newton falls "
        "off a cliff. Both end where the errors of the measured places let them, and not at 0. From too far off either may walk the wrong way for a while.",
        panels=(Panel(marks=tuple(_marks), x=Axis("Step", PURE, limits=(0, 30), whole=True), y=Axis("Orientation off by", "°", limits=(1e-2, 300), scale="log")),),
    ))  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Where it happens

    Is $\partial p'/\partial q$ ever useful in cryo-EM? Whenever orientations are **refined** rather than searched: the last step of `vitreous refine`, CTF and
    beam-tilt refinement with poses, particle polishing, fitting models into maps, and every neural network that learns poses by gradient. In
    Fourier space the turned points are the slice's frequencies, and the chain rule goes on from there: the value of the map's transform at the point
    has a slope, which the trilinear interpolation gives along with the value.

    Here is the production function at work: 24 noisy projections of a ribosome's head, each with its pose 4° wrong; `refine_poses` takes
    Gauss-Newton steps in $\omega$ (and in the shift), with damping.
    """)
    return


@app.cell
def _(Axis, Figure, Panel, Rule, Scatter, claim, exponential, geodesic_deg, mo, np, random_rotations, show, torch):
    from vitreous.inference.images import FourierImages
    from vitreous.inference.noise import NoiseSpectra
    from vitreous.inference.pose_refine import refine_poses
    from vitreous.numerics.disc import disc
    from vitreous.numerics.slices import half_ball
    from vitreous.simulate.specimens import density_map, project_atoms, specimen

    _size, _pixel = 48, 5.0
    _head = specimen("ribosome head")
    _g = torch.Generator().manual_seed(9)
    _truth = random_rotations(24, _g)
    _clean = project_atoms(_head, _truth.numpy(), np.zeros((24, 2)), size=_size, pixel_size=_pixel)
    _sigma = float(_clean.std())
    _noisy = _clean + _sigma * torch.randn(_clean.shape, generator=_g)
    _disc = disc(_size)
    _values = _disc.take(_noisy).to(torch.complex64)
    _images = FourierImages(_disc, _pixel, _values, torch.ones(_values.shape), torch.zeros(24, dtype=torch.int64))
    _noise = NoiseSpectra(torch.full((1, _disc.radius + 1), _size**2 * _sigma**2 / 2, dtype=torch.float64))
    _ball = half_ball(density_map(_head, _size, _pixel).values, _disc.radius, scale=_pixel)
    _turn = torch.randn(24, 3, generator=_g, dtype=torch.float64)
    _begin = exponential(_turn / _turn.norm(dim=1, keepdim=True) * np.deg2rad(4.0)) @ _truth
    _found = refine_poses(_images, _noise, _ball, _begin, torch.zeros(24, 2, dtype=torch.float64), radius=_disc.radius, steps=12)
    _before, _after = (geodesic_deg(each, _truth).numpy() for each in (_begin, _found.rotation))
    _figure = Figure(
        name="refined", title="Poses before and after", height=3.2,
        caption="Each mark is one image, whose noise has the spread of its signal. Crosses: where it started; dots: where its Gauss-Newton steps ended; dashed: their median.",
        panels=(Panel(marks=(Scatter(x=np.arange(24), y=_before, colour="orange", symbol="cross", size=30, label="before"),
                             Scatter(x=np.arange(24), y=_after, size=30, label="after"), Rule(at=float(np.median(_after)), axis="y")),
                      x=Axis("Image", "number", whole=True), y=Axis("Orientation off by", "°", limits=(0.0, 5.0)), legend="above"),),
    )  # fmt: skip
    mo.vstack([
        show(_figure),
        claim(f"refine_poses takes the median error from {np.median(_before):.1f}° to {np.median(_after):.2f}°.", np.median(_after) < 1.0 and abs(np.median(_before) - 4) < 1e-6),
    ])  # fmt: skip
    return


@app.cell
def _(claim, mo, torch):
    from vitreous.numerics.so3_grid import orientations
    from vitreous.numerics.symmetry import symmetry

    _counts = {step: len(orientations(step, symmetry("C1"))) for step in (30.0, 15.0, 7.5)}
    mo.vstack([
        mo.md("""**When not to use it.** The slope leads to the *nearest* valley. From afar only a search finds the right one, and a search grows fast:"""),
        claim(f"An even grid over all orientations has {_counts[30.0]:,} points at 30°, {_counts[15.0]:,} at 15° and {_counts[7.5]:,} at 7.5°: eight times as many for half the step.",
              abs(_counts[7.5] / _counts[15.0] - 8) < 0.5 and abs(_counts[15.0] / _counts[30.0] - 8) < 0.5),
        mo.md("""At 1° that would be some fifteen million. So programs search coarsely, refine the grid around what is likely, and let the derivative do the rest."""),
    ])  # fmt: skip
    return


@app.cell
def _(closing):
    closing("rotations-sharpen")
    return


if __name__ == "__main__":
    app.run()

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Rotations and Euler angles")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.rotations import EULER, RELION, TURN
    from vitreous.learning.page import claim, closing, opening, question, show, steps
    from vitreous.learning.rotation_in_words import in_words
    from vitreous.numerics.rotations import exponential, from_euler, geodesic_deg, nearest_rotation, random_rotations, to_euler
    from vitreous.simulate.specimens import density_map, project_atoms, specimen
    from vitreous.views.contour import contour_level
    from vitreous.views.figure import Axis, Figure, Panel
    from vitreous.views.marks import Ellipse, Line, Note, Picture, Scatter
    from vitreous.views.orientations import HIGH, WIDE, hammer
    from vitreous.views.surface import prepare, surface_image

    return (
        Axis, EULER, Ellipse, Figure, HIGH, Line, Note, Panel, Picture, RELION, Scatter, TURN, WIDE, bench, claim, closing, contour_level,
        density_map, exponential, from_euler, geodesic_deg, hammer, help_of, in_words, mo, nearest_rotation, np, opening, prepare,
        project_atoms, prompt_of, question, random_rotations, show, specimen, steps, surface_image, to_euler, torch, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("rotations-blur")
    return


@app.cell
def _(mo):
    mo.md(r"""
    Every particle in your STAR file carries three numbers, `rlnAngleRot`, `rlnAngleTilt` and `rlnAnglePsi`. They say how the molecule lay
    in the ice when its picture was taken, and the whole map hangs on them. Yet three angles are a treacherous way of writing down a turn:
    they jump, they come in pairs, they cannot be averaged, and at the poles two of them become one. This lesson takes them apart, from a
    flag on a sheet of paper to a ribosome under the beam.

    ## A flag on paper

    Turn the flag. Then look at the two arrows only: where **(1, 0)** and **(0, 1)** go says everything, because every other point is made
    of these two. Their new places, side by side, *are* the matrix.
    """)
    return


@app.cell
def _(mo):
    flag_angle = mo.ui.slider(-180, 180, 5, value=40, show_value=True, label="Angle (°)")
    mirrored = mo.ui.switch(label="Mirror the sheet first (x → −x)")
    mo.hstack([flag_angle, mirrored], justify="start", gap=3)
    return flag_angle, mirrored


@app.cell
def _(np):
    FLAG = np.array([[0.35, 0.2], [0.35, 1.5], [1.1, 1.5], [0.85, 1.2], [1.1, 0.9], [0.35, 0.9]])
    return (FLAG,)


@app.cell
def _(Axis, FLAG, Figure, Line, Note, Panel, flag_angle, mirrored, mo, np, show):
    _c, _s = np.cos(np.deg2rad(flag_angle.value)), np.sin(np.deg2rad(flag_angle.value))
    _m = np.array([[_c, -_s], [_s, _c]]) @ np.diag([-1.0 if mirrored.value else 1.0, 1.0])
    _after = FLAG @ _m.T
    _arrows = [Line(x=[0, _m[0, k]], y=[0, _m[1, k]], colour=colour, width=2.6, label=words)
               for k, colour, words in ((0, "orange", "where (1, 0) goes"), (1, "green", "where (0, 1) goes"))]  # fmt: skip
    _panel = Panel(
        marks=(Line(x=FLAG[:, 0], y=FLAG[:, 1], colour="muted", style="dashed", label="before"), *_arrows,
               Line(x=_after[:, 0], y=_after[:, 1], colour="blue", width=2.4, label="after"), Note(x=0, y=0, text="●", size=7)),
        x=Axis("x", "arbitrary", limits=(-1.9, 1.9)), y=Axis("y", "arbitrary", limits=(-1.9, 1.9)), equal=True, legend="none",
    )  # fmt: skip
    _figure = Figure(
        name="flag", title="A flag turned", panels=(_panel,), width="half", height=4.2,
        caption="Dashed: the flag before; blue: after. Orange and green: where (1, 0) and (0, 1) go. Without the mirror green is always a quarter "
        "turn anticlockwise from orange; with it, clockwise, and no angle brings the flag back.",
    )  # fmt: skip
    _words = mo.md(rf"""
    $$R = \begin{{pmatrix}} {_m[0, 0]:.3f} & {_m[0, 1]:.3f} \\ {_m[1, 0]:.3f} & {_m[1, 1]:.3f} \end{{pmatrix}}$$

    **First column**: where (1, 0) goes. **Second column**: where (0, 1) goes.

    $\det R = {np.linalg.det(_m):+.0f}$: {"a mirror image. Left hands become right ones, and **no turn undoes it**." if mirrored.value else "a rotation: shape, size and hand stay."}

    The distance between any two points of the flag is the same before and after, for every setting: that is what *orthogonal*,
    $R^\mathsf{{T}}R = 1$, says.
    """)
    mo.hstack([show(_figure), _words], widths=[1.1, 1], align="center")
    return


@app.cell
def _(steps):
    steps(
        ("The columns", r"""A turn by $\theta$ takes $(1, 0)$ to $(\cos\theta, \sin\theta)$: that is what sine and cosine *are*. It takes $(0, 1)$ to what
        is a quarter turn further, $(-\sin\theta, \cos\theta)$. As a turn is linear, $(x, y) = x\,(1, 0) + y\,(0, 1)$ goes to

        $$\begin{pmatrix} x' \\ y' \end{pmatrix} = \begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{pmatrix} \begin{pmatrix} x \\ y \end{pmatrix}.$$"""),
        ("The complex form", r"""Write the point as one complex number, $z = x + iy$. Multiplying by $e^{i\theta} = \cos\theta + i \sin\theta$ gives
        $(x\cos\theta - y\sin\theta) + i\,(x\sin\theta + y\cos\theta)$: the same two lines. **A turn of the plane is a multiplication by a
        complex number of length 1.** Two turns after each other: $e^{i\alpha}e^{i\beta} = e^{i(\alpha+\beta)}$. Angles add, order does not
        matter. (In space it will.)"""),
        ("The way back", r"""Backwards is $e^{-i\theta}$, or the matrix with the sign of both sines changed: the **transpose**. So
        $R^{-1} = R^\mathsf{T}$, and nothing ever has to be inverted."""),
        ("The mirror", r"""A mirror across the $y$ axis is $z \mapsto -\bar z$. It has the determinant −1, turns have +1, and a determinant is multiplied when
        matrices are: no chain of turns ever makes a mirror image. That is why a map of the wrong **hand** cannot be turned right, only
        flipped."""),
    )  # fmt: skip
    return


@app.cell
def _(TURN, bench, help_of, mo, prompt_of):
    turn_bench = bench(TURN)
    mo.vstack([prompt_of(TURN), turn_bench, help_of(TURN)])
    return (turn_bench,)


@app.cell
def _(TURN, turn_bench, verdict):
    verdict(TURN, turn_bench.value)
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q44"), mo.md(r"""
    The group set three problems from J. R. Quine's notes, by number. The sheet (pp. 30-31) belongs to its author and is not reprinted here.
    What follows is **ours**: one problem on each of the three sections that were to be read for it (4.1.2 *two dimensions*, 4.1.3 *three
    dimensions*, 4.2 *complex form*), worked through; and a tool that looks at **any** matrix, so that you can check what you find for
    the printed ones.

    **Problem A, two dimensions.** *Which matrices leave all lengths in the plane as they are? What do two mirrors one after the
    other do?*
    """)])  # fmt: skip
    return


@app.cell
def _(steps):
    steps(
        ("The first column", r"""It is where $(1, 0)$ goes, so it has length 1: $(\cos\theta, \sin\theta)$ for some $\theta$."""),
        ("The second column has two choices", r"""It also has length 1. As $(1, 0)$ and $(0, 1)$ are $\sqrt2$ apart, so are their images: the columns are
        perpendicular. In a plane that leaves two: a quarter turn on, $(-\sin\theta, \cos\theta)$, a **rotation**; or a quarter turn back,
        $(\sin\theta, -\cos\theta)$, a **mirror**: the line at $\theta/2$ stays where it is."""),
        ("Two mirrors", r"""In complex form the mirror at the line with angle $\alpha$ is $M_\alpha z = e^{2i\alpha}\bar z$. Then
        $M_\beta M_\alpha z = e^{2i\beta}\,\overline{e^{2i\alpha}\bar z} = e^{2i(\beta - \alpha)} z$: a **turn by twice the angle between the mirrors**.
        Every rotation is two mirrors. Remember the *twice*: it is where the half angles of quaternions come from."""),
    )  # fmt: skip
    return


@app.cell
def _(claim, exponential, mo, np, torch):
    def _mirror(degrees):
        a = 2 * np.deg2rad(degrees)
        return np.array([[np.cos(a), np.sin(a)], [np.sin(a), -np.cos(a)]])

    _two = _mirror(52.0) @ _mirror(17.0)
    _turn = exponential(torch.tensor([0.0, 0.0, np.deg2rad(70.0)], dtype=torch.float64)).numpy()[:2, :2]
    mo.vstack([
        claim("A mirror at 17° and then one at 52° are a turn by 2 · 35° = 70°.", np.allclose(_two, _turn, atol=1e-12)),
        mo.md(r"""
    **Problem B, three dimensions.** *Is this a rotation? About which axis, and by how much?*

    $$R = \begin{pmatrix} 0 & 0 & 1 \\ 1 & 0 & 0 \\ 0 & 1 & 0 \end{pmatrix}$$
    """),
    ])  # fmt: skip
    return


@app.cell
def _(steps):
    steps(
        ("Is it one?", r"""Its columns are the unit vectors, in another order: of length 1 and perpendicular, so $R^\mathsf{T}R = 1$. The determinant is +1 (a cyclic
        change of three is two swaps). Yes."""),
        ("The axis", r"""What stays where it is? $R\,(x, y, z) = (z, x, y)$. So $x = y = z$: the axis is $(1, 1, 1)/\sqrt3$, a corner of a cube."""),
        ("The angle", r"""Three times $R$ puts everything back, so $3\theta$ is 360°: $\theta = 120°$. Or by the trace, which is $1 + 2\cos\theta$ for every turn by
        $\theta$ in space: $0 = 1 + 2\cos\theta$. The sense is right-handed: $x \to y \to z \to x$ is anticlockwise as seen from $(1, 1, 1)$.
        This turn sits in every tetrahedral, octahedral and icosahedral particle."""),
    )  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    **Problem C, the complex form.** *A sheet is turned by $\theta$ about the origin, then shifted by $s$. Is there a point that does not
    move?* Play first: whatever you set, the red point is the hub.
    """)
    return


@app.cell
def _(mo):
    hub_angle = mo.ui.slider(30, 180, 5, value=60, show_value=True, label="Turn θ (°)")
    hub_x = mo.ui.slider(-1.5, 1.5, 0.1, value=1.0, show_value=True, label="Shift along x")
    hub_y = mo.ui.slider(-1.5, 1.5, 0.1, value=0.4, show_value=True, label="Shift along y")
    mo.hstack([hub_angle, hub_x, hub_y], justify="start", gap=2)
    return hub_angle, hub_x, hub_y


@app.cell
def _(Axis, FLAG, Figure, Line, Panel, Scatter, hub_angle, hub_x, hub_y, mo, np, show):
    _z = FLAG[:, 0] + 1j * FLAG[:, 1]
    _e, _shift = np.exp(1j * np.deg2rad(hub_angle.value)), hub_x.value + 1j * hub_y.value
    _hub = _shift / (1 - _e)
    _way = np.exp(1j * np.linspace(0, np.deg2rad(hub_angle.value), 40))
    _arcs = [Line(x=(_hub + (p - _hub) * _way).real, y=(_hub + (p - _hub) * _way).imag, colour="sky", width=0.9) for p in _z[:5]]
    _marks = (Line(x=_z.real, y=_z.imag, colour="muted", style="dashed", label="before"), *_arcs,
              Line(x=(_e * _z + _shift).real, y=(_e * _z + _shift).imag, colour="blue", width=2.4, label="turn, shift"),
              Line(x=(_e * (_z + _shift)).real, y=(_e * (_z + _shift)).imag, colour="orange", style="dotted", label="shift, turn"),
              Scatter(x=[_hub.real], y=[_hub.imag], colour="red", size=50, symbol="diamond", label="hub"))  # fmt: skip
    _limits = (-3.2, 3.2)
    _figure = Figure(
        name="hub", title="A turn and a shift are one turn about another point", width="half", height=4.4,
        caption="Thin arcs: circles about the hub. They lead every point of the dashed flag to the blue one. The dotted flag had its shift first: "
        "the order matters, and a file that does not say which is a riddle.",
        panels=(Panel(marks=_marks, x=Axis("x", "arbitrary", limits=_limits), y=Axis("y", "arbitrary", limits=_limits), equal=True, legend="above"),),
    )  # fmt: skip
    _words = mo.md(rf"""
    $z' = e^{{i\theta}} z + s$. A point that stays has $c = e^{{i\theta}} c + s$, so

    $$c = \frac{{s}}{{1 - e^{{i\theta}}}} = ({_hub.real:.2f},\ {_hub.imag:.2f}).$$

    Subtract: $z' - c = e^{{i\theta}}(z - c)$. **Every turn with a shift is a pure turn about $c$**; only for $\theta = 0$ the hub runs away to infinity.

    In cryo-EM this is daily bread: 2-D classification finds for each particle a turn and a shift. A class average that is off centre by a
    few pixels does not change the turns, but all shifts, each by another amount. Vitreous' sentence on it: *a pose's shift says where the
    particle sits relative to the box centre*, applied **after** the turn.
    """)
    mo.hstack([show(_figure), _words], widths=[1.1, 1], align="center")
    return


@app.cell
def _(mo):
    mo.md(r"""
    **Your answers.** Type any matrix of the printed sheet (three decimals are enough) and read what it does. It starts with problem B.
    Try to make it say *mirror*, then *shears*.
    """)
    return


@app.cell
def _(mo):
    any_matrix = mo.ui.matrix([[0, 0, 1], [1, 0, 0], [0, 1, 0]], min_value=-5, max_value=5, step=0.001, precision=3)
    any_matrix
    return (any_matrix,)


@app.cell
def _(any_matrix, in_words, mo):
    mo.callout(mo.md(in_words(any_matrix.value)), kind="info")
    return


@app.cell
def _(claim, in_words, mo):
    mo.vstack([
        claim("Problem B: 120° about (1, 1, 1)/√3.", "120.00° about the axis (0.577, 0.577, 0.577)" in in_words([[0, 0, 1], [1, 0, 0], [0, 1, 0]])),
        mo.md(r"""
    ## A ribosome under the beam

    In space three numbers are needed: two say **from where** you look, as longitude and latitude do; the third turns the picture in its own
    plane.

    - **rot**: the longitude of your standpoint, seen from the molecule
    - **tilt**: how far your standpoint is from the north pole of the molecule (0° to 180°)
    - **psi**: the turn of the picture on the screen

    Play: change **psi** alone. Only the picture turns; not one new atom comes into sight. Then set **tilt to 0** and change rot and psi in turn.
    Do you feel that something has gone wrong?
    """),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    rot = mo.ui.slider(-180, 180, 5, value=40, show_value=True, label="rot (°)")
    tilt = mo.ui.slider(0, 180, 5, value=60, show_value=True, label="tilt (°)")
    psi = mo.ui.slider(-180, 180, 5, value=20, show_value=True, label="psi (°)")
    mo.hstack([rot, tilt, psi], justify="start", gap=2)
    return psi, rot, tilt


@app.cell
def _(contour_level, density_map, prepare, specimen):
    head = specimen("ribosome head")
    _map = density_map(head, 48, 5.0, resolution=15.0).values.numpy()
    solid = prepare(_map, contour_level(_map, 5.0, mass=head.mass))
    grain = 48 * 5.0 / len(solid.values)  # Å a voxel of the solid, which is resampled
    return grain, head, solid


@app.cell
def _(Ellipse, Line, Note, Scatter, exponential, np, torch):
    # The globe is looked at from the longitude of Greenwich, a little from the north.
    _camera = (exponential(torch.tensor([0.45, 0.0, 0.0])) @ torch.tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])).numpy()

    def on_paper(points):
        seen = np.atleast_2d(points) @ _camera.T
        return seen[:, 0], seen[:, 1], seen[:, 2]

    def _arc(points, **how):
        x, y, depth = on_paper(points)
        front = np.where(depth >= -1e-9, 1.0, np.nan)
        return [Line(x=x, y=y, opacity=0.25, **how), Line(x=x * front, y=y * front, **how)]

    def globe(rotation, rot, tilt):
        """Marks: the globe, how far rot and tilt go, where one stands, and which way the picture's x runs."""
        turn, marks = np.linspace(0, 2 * np.pi, 73), [Ellipse(x=0, y=0, a=1, b=1, colour="muted", style="solid")]
        for latitude in (-60, -30, 0, 30, 60):
            r, z = np.cos(np.deg2rad(latitude)), np.sin(np.deg2rad(latitude))
            marks += _arc(np.stack([r * np.cos(turn), r * np.sin(turn), np.full_like(turn, z)], 1), colour="muted", width=0.5)
        for longitude in np.deg2rad(np.arange(0, 180, 30)):
            marks += _arc(
                np.stack([np.cos(turn) * np.cos(longitude), np.cos(turn) * np.sin(longitude), np.sin(turn)], 1), colour="muted", width=0.5
            )
        along, down = np.deg2rad(np.linspace(0, rot, 40)), np.deg2rad(np.linspace(0, tilt, 40))
        marks += _arc(np.stack([np.cos(along), np.sin(along), 0 * along], 1), colour="orange", width=3)
        marks += _arc(
            np.stack([np.sin(down) * np.cos(along[-1]), np.sin(down) * np.sin(along[-1]), np.cos(down)], 1), colour="green", width=3
        )
        marks += _arc(np.stack([rotation[2], rotation[2] + 0.45 * rotation[0]]), colour="purple", width=3)
        x, y, _ = on_paper(rotation[2])
        return [*marks, Scatter(x=x, y=y, colour="blue", size=70), Note(x=0, y=1.1, text="z, tilt 0°", colour="muted")]

    return (globe,)


@app.cell
def _(
    Axis, Figure, Panel, Picture, from_euler, globe, grain, head, mo, np, project_atoms, psi, rot, show, solid, surface_image, tilt, torch
):
    _R = from_euler(torch.tensor([rot.value, tilt.value, psi.value], dtype=torch.float64)).numpy()
    _seen = project_atoms(head, _R[None], np.zeros((1, 2)), size=64, pixel_size=4.0)[0].numpy()
    _half, _plain = 128.0, Axis("across", "radii", limits=(-1.5, 1.5))
    _x, _y = Axis("x", "Å", limits=(-_half, _half)), Axis("y", "Å", limits=(-_half, _half))
    _extent = (-_half, _half, -_half, _half)
    _surface = surface_image(solid, _R, size=130, reach=_half / grain)
    _at = _R @ (solid.centre.numpy() - len(solid.values) / 2) * grain
    _middle = (_at[0] - _half, _at[0] + _half, _at[1] - _half, _at[1] + _half)
    _figure = Figure(
        name="view", title="One orientation, three ways of seeing it", height=3.6,
        caption="Left: the molecule's globe; blue: where you stand, orange: rot along the equator, green: tilt from the pole, purple: the "
        "picture's x. Middle: the head of a ribosome as seen from there. Right: its projection, what the microscope records (bright: more matter).",
        panels=(
            Panel(title="where you stand", marks=tuple(globe(_R, rot.value, tilt.value)), x=_plain, y=Axis("up", "radii", limits=(-1.3, 1.3)),
                  equal=True, legend="none"),
            Panel(title="what you would see", marks=(Picture(values=_surface, extent=_middle),), x=_x, y=_y, equal=True),
            Panel(title="what the beam sees", marks=(Picture(values=_seen, extent=_extent),), x=_x, y=_y, equal=True),
        ),
    )  # fmt: skip
    _rows = r" \\ ".join(" & ".join(f"{each:.2f}" for each in row) for row in _R)
    _words = mo.md(rf"""
    $$R = \begin{{pmatrix}} {_rows} \end{{pmatrix}}$$

    The rows are the axes of the **picture** as the molecule knows them. The last row, ({_R[2, 0]:.2f}, {_R[2, 1]:.2f}, {_R[2, 2]:.2f}), is the blue
    point: (sin tilt cos rot, sin tilt sin rot, cos tilt), the **spherical coordinates** of your standpoint. The columns are, as always,
    where the molecule's axes go.
    """)
    mo.vstack([show(_figure), _words])
    return


@app.cell
def _(claim, from_euler, head, mo, np, project_atoms, steps, torch):
    _angles = torch.tensor([40.0, 60.0, 20.0], dtype=torch.float64)
    _R = from_euler(_angles).numpy()
    _row = [np.sin(np.pi / 3) * np.cos(np.deg2rad(40)), np.sin(np.pi / 3) * np.sin(np.deg2rad(40)), 0.5]
    _behind = np.diag([-1.0, 1.0, -1.0]) @ _R
    _two = project_atoms(head, np.stack([_R, _behind]), np.zeros((2, 2)), size=65, pixel_size=4.0).numpy()
    mo.vstack([
        claim("The last row of RELION's matrix is (sin θ cos φ, sin θ sin φ, cos θ).", np.allclose(_R[2], _row, atol=1e-12)),
        claim("From behind, the projection is its own mirror image: not one bit of new information.", np.allclose(_two[1], _two[0][:, ::-1], atol=1e-4)),
        steps(
            ("Three simple turns", r"""$R = R_z(\psi)'\,R_y(\theta)'\,R_z(\varphi)'$, read from the right: turn the molecule about its z by rot, tip it about y by tilt, turn it about
            the beam by psi. The prime says that each is the transpose of the usual anticlockwise turn (see the file of conventions); it
            makes your standpoint go anticlockwise."""),
            ("The order matters", r"""In the plane, angles add. In space, turning a book by 90° about x and then about z leaves it otherwise than z first, then x. Matrices know
            that: $AB \neq BA$."""),
            ("Why the last row", r"""The beam runs along the lab's z. Which point of the molecule's globe looks up the beam? The one with $R\,d = e_z$, so
            $d = R^\mathsf{T} e_z$: the third **row** of $R$."""),
            ("Who else writes them", r"""RELION, Xmipp, SPIDER and this program use ZYZ angles as above. cryoSPARC stores the axis times the angle, EMAN has az, alt, phi in ZXZ
            (rot = az − 90°, psi = phi + 90°). Aircraft, robots and Slabaugh's paper use turns about **x, y and z**. There are 24 conventions; an
            angle without its convention is a number without its unit."""),
        ),
    ])  # fmt: skip
    return


@app.cell
def _(RELION, bench, help_of, mo, prompt_of):
    relion_bench = bench(RELION)
    mo.vstack([prompt_of(RELION), relion_bench, help_of(RELION)])
    return (relion_bench,)


@app.cell
def _(RELION, relion_bench, verdict):
    verdict(RELION, relion_bench.value)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## At the pole two angles become one

    Stand on the equator and change your longitude by 20°: you see the molecule from quite another side. Stand **on the pole** and do the same:
    you have only turned on your heel, which is what psi does too. There rot and psi are one and the same motion, and one direction of change is
    lost. Sailors and astronauts call it *gimbal lock*.

    The picture asks: if I am wrong by so much in rot and by so much in psi, by how much is the **orientation** wrong? Move the tilt from 90° to 5°.
    """)
    return


@app.cell
def _(mo):
    lock_tilt = mo.ui.slider(0, 180, 5, value=30, show_value=True, label="tilt (°)")
    lock_tilt
    return (lock_tilt,)


@app.cell
def _(Axis, Ellipse, Figure, Panel, Picture, from_euler, geodesic_deg, lock_tilt, mo, np, show, torch):
    _off = torch.linspace(-40, 40, 61, dtype=torch.float64)
    _b, _a = torch.meshgrid(_off, _off, indexing="ij")
    _there = from_euler(torch.stack([_a, torch.full_like(_a, float(lock_tilt.value)), _b], -1))
    _gap = geodesic_deg(_there, from_euler(torch.tensor([0.0, lock_tilt.value, 0.0], dtype=torch.float64))).numpy()
    _cosine = np.cos(np.deg2rad(lock_tilt.value))
    _long, _short = (10 / np.sqrt(max(1 + sign * _cosine, 1e-3)) for sign in (-1, 1))
    _figure = Figure(
        name="lock", title="How far apart two orientations are", width="half", height=4.2,
        caption="Colour: the angle of the turn between the right orientation and one whose rot and psi are off. Inside the dashed ellipse it is "
        "below 10°. Look at its shape: round at tilt 90°, a trench at tilt 0° and, the other way, at 180°.",
        panels=(Panel(marks=(Picture(values=_gap, extent=(-40, 40, -40, 40), limits=(0.0, 40.0), colours="viridis", scale="orientation off by (°)"),
                             Ellipse(x=0, y=0, a=min(_long, 300.0), b=min(_short, 300.0), angle_deg=-45.0, colour="white")),
                      x=Axis("rot off by", "°", limits=(-40, 40)), y=Axis("psi off by", "°", limits=(-40, 40)), equal=True),),
    )  # fmt: skip
    _words = mo.md(rf"""
    The angle between neighbours is, for small steps,

    $$d^2 = \mathrm{{d}}\theta^2 + \mathrm{{d}}\varphi^2 + \mathrm{{d}}\psi^2 + 2\cos\theta\,\mathrm{{d}}\varphi\,\mathrm{{d}}\psi .$$

    At tilt {lock_tilt.value}°, rot + 20° together with psi − 20° turns the molecule by **{_gap[15, 45]:.1f}°**, and rot + 20° with psi + 20° by
    **{_gap[45, 45]:.1f}°**.

    At the poles $d^2 = (\mathrm{{d}}\varphi \pm \mathrm{{d}}\psi)^2$: along the trench nothing changes. Two particles may have *rot* 100° apart and be
    in the same orientation. **Never judge a pose by the difference of its angles**; `geodesic_deg` is the honest measure.
    """)
    mo.hstack([show(_figure), _words], widths=[1.1, 1], align="center")
    return


@app.cell
def _(claim, from_euler, geodesic_deg, mo, nearest_rotation, to_euler, torch):
    def _pose(*angles):
        return from_euler(torch.tensor(angles, dtype=torch.float64))

    _same = float(geodesic_deg(_pose(100.0, 0.0, -70.0), _pose(-60.0, 0.0, 90.0)))
    _twin = float(geodesic_deg(_pose(30.0, 50.0, 70.0), _pose(210.0, -50.0, 250.0)))
    _poses = torch.stack([_pose(179.0, 90.0, 0.0), _pose(-179.0, 90.0, 0.0)])
    _mean = to_euler(nearest_rotation(_poses.sum(0)))
    _far = float(geodesic_deg(_pose(0.0, 90.0, 0.0), _poses[0]))
    mo.vstack([
        claim("At tilt 0, (100, 0, −70) and (−60, 0, 90) are one orientation though rot differs by 160°.", _same < 1e-6),
        claim("Each orientation has two names: (30, 50, 70) is (210, −50, 250). Vitreous keeps tilt between 0° and 180°, so one is left.", _twin < 1e-6),
        claim(f"The mean of rot = 179° and −179° is not 0° (which is {_far:.0f}° away) but ±180°: average matrices, not angles.", abs(abs(float(_mean[0])) - 180) < 1e-6 and _far > 178),
        mo.md(r"""
    To average poses add their matrices, and let `nearest_rotation` make a rotation of the sum.

    ## Even angles are not even directions

    One more trap. To try "all" orientations one might step through rot, tilt and psi evenly. Left: 1500 standpoints drawn with rot and tilt
    evenly spread. Right: evenly spread over the **sphere**. Which is right?
    """),
    ])  # fmt: skip
    return


@app.cell
def _(Axis, Ellipse, Figure, HIGH, Panel, Scatter, WIDE, claim, hammer, mo, np, random_rotations, show, to_euler, torch):
    _rng = np.random.default_rng(1)
    _angles = _rng.uniform(-180, 180, 1500), _rng.uniform(0, 180, 1500)
    _even = to_euler(random_rotations(1500, torch.Generator().manual_seed(1))).numpy()

    def _map(rot, tilt, title):
        x, y = hammer(rot, tilt)
        marks = (Scatter(x=x, y=y, size=4, opacity=0.6), Ellipse(x=0, y=0, a=WIDE, b=HIGH, colour="muted", style="solid"))
        axes = {
            "x": Axis("rot, from −180° to 180°", "equal-area map", ticks=((0.0, "0°"),)),
            "y": Axis("tilt", "equal-area map", ticks=((HIGH, "0°"), (0.0, "90°"), (-HIGH, "180°"))),
        }
        return Panel(marks=marks, title=title, equal=True, legend="none", **axes)

    _figure = Figure(
        name="even", title="Directions on the sphere", columns=2, height=3.0,
        caption="An equal-area map of the globe: even means equally many dots in equal patches. Look at the poles on the left: crowded.",
        panels=(_map(*_angles, "even in rot and tilt"), _map(_even[:, 0], _even[:, 1], "even over the sphere")),
    )  # fmt: skip
    _many = to_euler(random_rotations(40000, torch.Generator().manual_seed(2)))[:, 1]
    _share = float((_many < 30).double().mean())
    _right = (1 - np.cos(np.pi / 6)) / 2
    mo.vstack([
        show(_figure),
        claim(f"Of evenly spread standpoints {_share:.1%} lie within 30° of the pole: (1 − cos 30°)/2 = {_right:.1%}, not 30/180 = 16.7 %.",
              abs(_share - _right) < 5 * (_right * (1 - _right) / 40000) ** 0.5),
        mo.md(r"""So a histogram of tilts of a healthy data set is **not flat**: it follows sin(tilt). A heap at 90° is no preferred orientation; a heap
        at 0° is. `vitreous directions` draws your standpoints on this very map, and searches go over HEALPix directions (`so3_grid`), which are even."""),
    ])  # fmt: skip
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q45"), mo.md(r"""
    Slabaugh's two pages answer: given nine numbers, which three angles made them? His convention is that of robots, turns about the fixed axes
    x, then y, then z. Notice three things on the way: one entry of the matrix depends on one angle only; an arcsine has **two** answers; and where
    the cosine of the middle angle is zero, only the sum or difference of the other two can be known. You have just seen that trench.
    """)])  # fmt: skip
    return


@app.cell
def _(steps):
    steps(
        ("Multiply out", r"""$$R_z(\varphi)R_y(\theta)R_x(\psi) = \begin{pmatrix} c_\theta c_\varphi & s_\psi s_\theta c_\varphi - c_\psi s_\varphi & c_\psi s_\theta c_\varphi + s_\psi s_\varphi \\
        c_\theta s_\varphi & s_\psi s_\theta s_\varphi + c_\psi c_\varphi & c_\psi s_\theta s_\varphi - s_\psi c_\varphi \\ -s_\theta & s_\psi c_\theta & c_\psi c_\theta \end{pmatrix}$$"""),
        ("θ first", r"""$R_{31} = -\sin\theta$ has $\theta$ alone. $\theta_1 = -\arcsin R_{31}$, and as $\sin(\pi - \theta) = \sin\theta$, also $\theta_2 = \pi - \theta_1$."""),
        ("ψ and φ", r"""$R_{32}/R_{33} = \tan\psi$. But a tangent repeats after 180°; the quadrant needs both signs: $\psi = \operatorname{atan2}(R_{32}/\cos\theta,\ R_{33}/\cos\theta)$.
        Dividing by $\cos\theta$ matters for its **sign** alone. Likewise $\varphi = \operatorname{atan2}(R_{21}/\cos\theta,\ R_{11}/\cos\theta)$."""),
        ("Gimbal lock", r"""$\theta = 90°$: $R_{12} = \sin(\psi - \varphi)$, $R_{13} = \cos(\psi - \varphi)$. Only the difference is there. Choose $\varphi = 0$.
        $\theta = -90°$: $R_{12} = -\sin(\psi + \varphi)$, $R_{13} = -\cos(\psi + \varphi)$; only the sum."""),
        ("How near is near?", r"""Close to lock, $\cos\theta$ is small and the angles are read from small numbers: their digits go. Vitreous reads psi from
        $R\,R_z(\varphi)^\mathsf{T}$ instead, which loses none; see `to_euler`."""),
    )  # fmt: skip
    return


@app.cell
def _(EULER, bench, help_of, mo, prompt_of):
    euler_bench = bench(EULER)
    mo.vstack([prompt_of(EULER), euler_bench, help_of(EULER)])
    return (euler_bench,)


@app.cell
def _(EULER, euler_bench, verdict):
    verdict(EULER, euler_bench.value)
    return


@app.cell
def _(claim, from_euler, geodesic_deg, mo, random_rotations, to_euler, torch):
    _many = random_rotations(2000, torch.Generator().manual_seed(4))
    _near = from_euler(torch.stack([torch.rand(2000) * 360, 10.0 ** -(torch.rand(2000) * 9), torch.rand(2000) * 360], -1).double())
    _worst = max(float(geodesic_deg(from_euler(to_euler(each)), each).max()) for each in (_many, _near))
    mo.vstack(
        [
            mo.md("""## Where it happens

    Inside Vitreous nothing uses angles: poses are matrices from the moment a STAR file is read (`from_euler`) until one is written
    (`to_euler`). Symmetry, averaging, refinement and distances are all short with matrices, and each has its traps with angles."""),
            claim(
                f"Over 4000 orientations, half of them closer than 1° to a pole, to_euler and from_euler go there and back within {_worst:.5f}°.",
                _worst < 2e-4,
            ),
            mo.md("""**Try it on your own data**: `vitreous directions` draws where your particles were seen from. Before you blame the ice for a heap at
    tilt 90°, remember sin(tilt)."""),
        ]
    )
    return


@app.cell
def _(closing):
    closing("rotations-blur")
    return


if __name__ == "__main__":
    app.run()

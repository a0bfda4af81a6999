"""Waves, weak objects and defocus (blur and sharpen streams, 19 November 2020)."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Waves, weak objects and defocus")


@app.cell(hide_code=True)
def _():
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.phase_contrast import FLY
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.physics.wavelength import wavelength
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Note, Rule, Scatter

    return (
        Axis, FLY, Figure, Line, Note, PURE, Panel, Rule, Scatter, bench, claim, closing, help_of, math, mo, np, opening, prompt_of,
        question, show, start, steps, torch, verdict, wavelength,
    )  # fmt: skip


@app.cell(hide_code=True)
def _(opening):
    opening("phase-contrast-background")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        ## A wave is an arrow that turns

        $e^{i\phi} = \cos\phi + i\sin\phi$ is an arrow of length 1 that points in the direction φ. Waves add like arrows, tip to tail, and
        a detector sees only the **length squared** of the
        sum. Our specimen leaves a long arrow (what passed) and a short one at a *right angle* to it (what was scattered, $i\varepsilon$).
        **Turn the short arrow** by the phase χ
        of the lens, and see when the detector notices it.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo):
    chi = mo.ui.slider(-180, 180, 5, value=0, label="turn the scattered wave by χ (°)", show_value=True)
    epsilon = mo.ui.slider(0.02, 0.6, 0.02, value=0.2, label="how much is scattered ε", show_value=True)
    mo.hstack([chi, epsilon], justify="start", gap=2)
    return chi, epsilon


@app.cell(hide_code=True)
def _(Axis, Figure, Line, Note, PURE, Panel, Rule, Scatter, chi, epsilon, np, show):
    _turned = 1j * epsilon.value * np.exp(1j * np.deg2rad(chi.value))
    _sum = 1 + _turned
    _all = np.linspace(-180, 180, 181)
    _curve = np.abs(1 + 1j * epsilon.value * np.exp(1j * np.deg2rad(_all))) ** 2
    show(
        Figure(
            name="arrows", title="Two arrows", columns=2, height=3.2,
            panels=(
                Panel(title="The wave", x=Axis("Real part", PURE, limits=(-0.1, 1.8)), y=Axis("Imaginary part", PURE, limits=(-0.75, 0.75)), legend="none",
                      marks=(Line(x=[0, 1], y=[0, 0], colour="muted", width=3), Line(x=[1, _sum.real], y=[0, _sum.imag], colour="orange", width=3),
                             Line(x=[0, _sum.real], y=[0, _sum.imag], colour="blue", style="dashed"), Scatter(x=[_sum.real], y=[_sum.imag], size=30),
                             Note(x=0.5, y=-0.09, text="passed", colour="muted"), Note(x=0.5, y=0.6, text=f"length² = {abs(_sum) ** 2:.3f}", colour="blue"))),
                Panel(title="What the detector sees", x=Axis("χ", "°", limits=(-180, 180)), y=Axis("Intensity", PURE),
                      marks=(Line(x=_all, y=_curve, label="|1 + iε exp(iχ)|²"),
                             Line(x=_all, y=1 - 2 * epsilon.value * np.sin(np.deg2rad(_all)), colour="orange", style="dashed", label="1 − 2ε sin χ"),
                             Rule(at=float(chi.value)))),
            ),
            caption="At χ = 0 the sum is hardly longer than 1: in focus a phase object is invisible. At χ = 90° (underfocus) it is shorter: dark. Raise ε to see where the straight "
            "formula (dashed) leaves the true one: they differ by ε².",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q01"),
        mo.md(
            r"""
            A **small angle** means a small push: the electron passed an atom at a distance, in the weak outskirts of its potential. It
            gives the nucleus next to no energy; the specimen
            is as before. These electrons, with those that passed, make the image. A **large angle** means that it went close by a nucleus
            and gave it a kick:
            $E = E_\text{max}\sin^2(\theta/2)$, at most some tens of eV for carbon, enough to knock an atom out, but very rare.

            **What else can happen**: mostly *nothing* at all; or an **inelastic** event, in which the electron excites or ionises the
            specimen, loses some 20 eV, and goes on at a still
            smaller angle. It is these that do the damage: bonds break, ions and radicals wander, ice moves. They add a haze (an energy
            filter removes it). Besides: backscattering, X-rays, secondary electrons,
            plural scattering in thick ice.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, start):
    ice = mo.ui.slider(50, 4000, 50, value=400, label="ice (Å)", show_value=True)
    volts = mo.ui.slider(
        steps=[100, 120, 200, 300],
        value=min((100, 120, 200, 300), key=lambda v: abs(v - start("voltage", 300.0))),
        label="voltage (kV)",
        show_value=True,
    )
    mo.hstack([ice, volts], justify="start", gap=2)
    return ice, volts


@app.cell
def _(math, np):
    from vitreous.constants import ELECTRON_MASS, ELEMENTARY_CHARGE, LIGHT_SPEED
    from vitreous.physics.solvent import inelastic_path
    from vitreous.stages.planner.matter import ICE

    def fates(thickness, voltage):
        """Shares of electrons that pass untouched, scatter only elastically, and lose energy."""
        elastic, inelastic = thickness * ICE.scattered(voltage), thickness / inelastic_path(voltage)
        return np.exp(-elastic - inelastic), (1 - np.exp(-elastic)) * np.exp(-inelastic), 1 - np.exp(-inelastic)

    def recoil(theta, voltage, mass=12.011):
        """eV given to a nucleus of ``mass`` (Da) by scattering through ``theta`` (rad): 2E(E + 2mc²) / Mc² · sin²(θ/2)."""
        rest = ELECTRON_MASS * LIGHT_SPEED**2 / ELEMENTARY_CHARGE
        energy = 1e3 * voltage
        return 2 * energy * (energy + 2 * rest) / (mass * 931.494e6) * math.sin(theta / 2) ** 2

    return fates, recoil


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, fates, ice, np, recoil, show, volts):
    _t = np.linspace(0, 4000, 120)
    _shares = fates(_t, float(volts.value))
    _here = fates(float(ice.value), float(volts.value))
    _angle = np.geomspace(1, 3141, 120)
    show(
        Figure(
            name="fates", title="What becomes of an electron", columns=2, height=3.0,
            panels=(
                Panel(title="Shares", x=Axis("Thickness of ice", "Å", limits=(0, 4000)), y=Axis("Share of electrons", PURE, limits=(0, 1.02)), legend="upper right",
                      marks=(Line(x=_t, y=_shares[0], label="nothing happened"), Line(x=_t, y=_shares[1], colour="green", style="dashed", label="elastic only: signal"),
                             Line(x=_t, y=_shares[2], colour="red", style="dotted", label="lost energy: damage"), Rule(at=float(ice.value)))),
                Panel(title="Energy given to a carbon nucleus", x=Axis("Scattering angle", "mrad", scale="log"), y=Axis("Energy", "eV", scale="log"), legend="none",
                      marks=(Line(x=_angle, y=[recoil(a * 1e-3, float(volts.value)) for a in _angle]), Rule(at=20.0, text="detail of 1 Å at 300 kV", colour="orange", words="beside"))),
            ),
            caption=f"Of a hundred electrons {100 * _here[0]:.0f} pass untouched, {100 * _here[1]:.0f} scatter elastically alone and {100 * _here[2]:.0f} lose energy. Signal is best where the green line is "
            "high and the red one low: thin ice. Right: at the angles that make an image a nucleus hardly feels it.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, fates, math, mo, recoil):
    _untouched, _elastic, _lost = fates(400.0, 300.0)
    mo.vstack([
        claim(f"In 400 Å of ice at 300 kV {_untouched:.0%} of the electrons pass untouched.", _untouched > 0.7),
        claim(f"A carbon nucleus gets {recoil(0.02, 300.0) * 1e3:.0f} meV at 20 mrad, and {recoil(math.pi, 300.0):.0f} eV if the electron turns back.",
              recoil(0.02, 300.0) < 0.05 and 60 < recoil(math.pi, 300.0) < 80),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, question, steps):
    mo.vstack([
        question("Q04"),
        steps(
            ("Behind the object", r"""A thin grating delays the wave by $\varphi(x) = \varepsilon\cos 2\pi k x$: $\Psi = e^{i\varphi}$. *Justification*: electrons cross quickly; only the sum of the potential counts."""),
            ("Small ε", r"""$\Psi \approx 1 + i\varepsilon\cos 2\pi k x = 1 + \tfrac{i\varepsilon}{2}(e^{2\pi i k x} + e^{-2\pi i k x})$: one wave straight on, two at the angles $\pm\theta$.
*Justification*: the next term is $\varepsilon^2/2$."""),
            ("Small θ", r"""A wave of wavelength λ and period $1/k$ across travels at $\sin\theta = \lambda k$. Over a distance $z$ it falls behind the straight one by the path
$z(1 - \cos\theta) \approx z\theta^2/2$, the phase $\frac{2\pi}{\lambda}\cdot\frac{z\theta^2}{2} = \pi\lambda z k^2 = \chi$. *Justification*: $\theta \approx 0.01$."""),
            ("Add the arrows", r"""Underfocus $z$ looks back by $z$, so the scattered waves are turned by $+\chi$: $\Psi = 1 + i\varepsilon e^{i\chi}\cos 2\pi kx$."""),
            ("Square", r"""$|\Psi|^2 = (1 - \varepsilon\sin\chi\cos 2\pi kx)^2 + (\varepsilon\cos\chi\cos 2\pi kx)^2 = 1 - 2\varepsilon\sin\chi\,\cos 2\pi kx + \varepsilon^2\cos^2 2\pi kx$. Drop $\varepsilon^2$:
$$|\Psi|^2 \approx 1 - 2\varepsilon\,\sin(\pi\lambda z k^2)\,\cos 2\pi k x.$$ The grating is back, times $-\sin\chi$: the **CTF**."""),
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(FLY, bench, help_of, mo, prompt_of):
    fly_bench = bench(FLY)
    mo.vstack([prompt_of(FLY), fly_bench, help_of(FLY)])
    return (fly_bench,)


@app.cell(hide_code=True)
def _(FLY, fly_bench, verdict):
    verdict(FLY, fly_bench.value)
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q02"),
        mo.md(
            r"""
            **Small θ** costs the difference of the exact path $z(1 - \cos\theta)$ and $z\theta^2/2$: a phase of order
            $\frac{2\pi}{\lambda} z\,\theta^4/8$ (and $C_s$, which is kept). **Small ε** costs $\varepsilon^2$. In cryo-EM both
            hold well: θ is 10 mrad at 2 Å and the phases of proteins are tenths of a radian. They break at *low voltage* (SEM, 30 kV and
            less), in *diffraction to wide angles*, with *heavy atoms*, *thick* specimens and *crystals on axis*.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, start):
    kilovolts = mo.ui.slider(steps=[1, 5, 10, 30, 60, 100, 200, 300], value=300, label="voltage (kV)", show_value=True)
    away = mo.ui.slider(2000, 40000, 1000, value=round(start("defocus", 15000.0, 2000, 40000), -3), label="defocus (Å)", show_value=True)
    mo.hstack([kilovolts, away], justify="start", gap=2)
    return away, kilovolts


@app.cell(hide_code=True)
def _(Axis, Figure, Line, Panel, Rule, away, kilovolts, math, np, show, wavelength):
    def path_error(defocus, voltage, k):
        """Radians by which 2πz(1 − cos θ)/λ, sin θ = λk, differs from πλzk²."""
        lam = wavelength(voltage)
        sine = np.clip(lam * k, 0, 1)
        exact = 2 * sine**2 / (1 + np.sqrt(1 - sine**2)) / 2  # 1 − cos θ without cancellation
        return 2 * math.pi * defocus / lam * (exact - 0.5 * sine**2)

    _d = np.linspace(1.0, 8.0, 120)
    show(
        Figure(
            name="angles", title="The price of a small angle", columns=1, height=2.8,
            panels=(
                Panel(x=Axis("Resolution", "Å", limits=(1, 8)), y=Axis("Error of χ", "rad", limits=(1e-6, 30.0), scale="log"), legend="lower left",
                      marks=(Line(x=_d, y=path_error(float(away.value), float(kilovolts.value), 1 / _d), label=f"yours: {kilovolts.value} kV"),
                             Line(x=_d, y=path_error(float(away.value), 300.0, 1 / _d), colour="muted", style="dashed", label="300 kV"),
                             Rule(at=math.pi / 4, axis="y", text="π/4: it begins to matter", colour="orange"))),
            ),
            caption="Above the orange line the parabola is no longer good enough. At 300 kV it is never reached, not even at 1 Å; at 10 kV it is at about 2 Å.",
        )
    )  # fmt: skip
    return (path_error,)


@app.cell(hide_code=True)
def _(claim, path_error):
    _here, _low = float(path_error(15000.0, 300.0, 0.5)), float(path_error(15000.0, 5.0, 0.5))
    claim(f"At 2 Å and 1.5 µm the small angle costs {_here:.4f} rad at 300 kV, and {_low:.1f} rad at 5 kV.", _here < 0.02 and _low > 0.7)
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q03"),
        mo.md(
            r"""
            **Yes: as dark Thon rings, and no: they are never quite black.** A zero of the CTF is a true gap in the *coherent signal* of
            one thin object at one height. But the power spectrum you look at also has counting noise, inelastic
            haze and the detector in it; and it adds up different heights (thick ice, tilt), directions (astigmatism) and times (drift).
            Each fills the zeros. In a *map* there are none, since other images have their zeros elsewhere.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    heights = mo.ui.slider(0, 1500, 50, value=300, label="spread of heights (Å)", show_value=True)
    haze = mo.ui.slider(0.0, 1.0, 0.05, value=0.2, label="noise over signal", show_value=True)
    fall = mo.ui.slider(0, 200, 10, value=60, label="B factor (Å²)", show_value=True)
    mo.hstack([heights, haze, fall], justify="start", gap=2)
    return fall, haze, heights


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, fall, haze, heights, np, show, torch, wavelength):
    from vitreous.data.optics import Optics
    from vitreous.physics.ctf import phase

    _k = torch.linspace(0.005, 0.25, 500, dtype=torch.float64)
    _chi = phase(torch.tensor([15000.0, 15000.0, 0.0, 0.0], dtype=torch.float64), Optics(pixel_size=1.0), _k, torch.zeros_like(_k))
    _mean = 0.5 * (1 - torch.cos(2 * _chi) * torch.sinc(wavelength(300.0) * _k**2 * heights.value))
    _power = haze.value + _mean * torch.exp(-0.5 * fall.value * _k**2)
    show(
        Figure(
            name="zeros", title="Zeros that are not zero", columns=1, height=2.8,
            panels=(
                Panel(x=Axis("Spatial frequency", "Å⁻¹", limits=(0, 0.25)), y=Axis("Power", PURE, limits=(0, 2.05)), legend="upper right",
                      marks=(Line(x=_k.numpy(), y=torch.sin(_chi).square().numpy(), colour="muted", width=1.0, label="one point, no noise: sin²χ"),
                             Line(x=_k.numpy(), y=_power.numpy(), label="what is recorded"),
                             Line(x=_k.numpy(), y=np.full(len(_k), haze.value), colour="orange", style="dashed", label="noise alone"))),
            ),
            caption="With no spread and no noise blue touches 0 as grey does. Noise lifts all zeros alike; a spread of heights lifts the fine ones first; B lowers the maxima instead, until rings drown.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q05"),
        mo.md(
            r"""
            In **ε**, and nowhere else: $\varepsilon \propto \sigma\int V\,dz$, and $V$ is the atoms' potential. A bare nucleus would give
            $f \propto Z$; its own electrons screen it (Mott & Bethe: $f = 0.0239\,(Z - f_x)/s^2$, $s = k/2$). So at *small* angles, where
            the whole neutral atom is seen, $f$ depends on its size more than on $Z$: carbon scatters about as well as oxygen. At *large*
            angles the nucleus shows, $f \to 0.0957\,Z/k^2$, and the power goes as $Z^2$:
            the contrast of dark-field STEM. Protein is faint for another reason, too: what counts is the *difference* to the ice it
            displaces.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    frequency = mo.ui.slider(0.0, 3.0, 0.1, value=0.0, label="spatial frequency k (Å⁻¹)", show_value=True)
    frequency
    return (frequency,)


@app.cell(hide_code=True)
def _(Axis, Figure, Line, Note, PURE, Panel, Scatter, frequency, np, show):
    from vitreous.physics.potential import scattering_factor

    elements = {"H": 1, "C": 6, "N": 7, "O": 8, "P": 15, "S": 16, "Fe": 26, "Mo": 42, "W": 74, "Au": 79, "U": 92}
    _z = np.array(list(elements.values()))
    _f = np.array([float(scattering_factor(name, np.array(frequency.value))) for name in elements])
    show(
        Figure(
            name="elements", title="Where Z comes in", columns=1, height=3.0,
            panels=(
                Panel(x=Axis("Atomic number Z", PURE, scale="log"), y=Axis("Scattering factor f", "Å", scale="log"), legend="upper left",
                      marks=(Scatter(x=_z, y=_f, size=24, label=f"at k = {frequency.value:.1f} Å⁻¹"),
                             Line(x=_z, y=_f[1] * _z / 6, colour="muted", style="dashed", label="in proportion to Z"),
                             *(Note(x=float(z), y=float(f) * (1.4 if z == 1 else 0.72), text=name, colour="muted") for name, z, f in zip(elements, _z, _f)))),
            ),
            caption="At k = 0 the points climb much more slowly than Z and go up and down with the shells of the periodic table. Move k up: the electrons' veil lifts, and the points fall into line.",
        )
    )  # fmt: skip
    return (scattering_factor,)


@app.cell(hide_code=True)
def _(claim, mo, np, scattering_factor):
    def _ratio(k):
        return float(scattering_factor("Au", np.array(k)) / scattering_factor("C", np.array(k)))

    _bare = float(scattering_factor("C", np.array(3.0))) / (0.0957 * 6 / 9)
    mo.vstack([
        claim(f"Gold has 13 times the charge of carbon, but scatters {_ratio(0.0):.1f} times as strongly at k = 0, and {_ratio(3.0):.1f} times at 3 Å⁻¹.", _ratio(0.0) < 6 < _ratio(3.0)),
        claim(f"At 3 Å⁻¹ carbon scatters like {_bare:.2f} of a bare nucleus (Mott and Bethe, tabulated factors).", 0.85 < _bare < 1.05),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(closing):
    closing("phase-contrast-background")
    return


if __name__ == "__main__":
    app.run()

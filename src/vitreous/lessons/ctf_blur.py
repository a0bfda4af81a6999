import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Phase contrast and the CTF")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import torch

    from vitreous.data.optics import Optics
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.ctf import ENVELOPE
    from vitreous.learning.page import claim, closing, opening, question, show, start
    from vitreous.physics.ctf import b_envelope, ctf
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Rule

    return (
        Axis, ENVELOPE, Figure, Line, Optics, PURE, Panel, Rule, b_envelope, bench, claim, closing, ctf, help_of, mo, np, opening,
        prompt_of, question, show, start, torch, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("ctf-blur")
    return


@app.cell
def _(question):
    question("Q24")
    return


@app.cell
def _(mo, start):
    defocus = mo.ui.slider(2000, 30000, 100, value=start("defocus", 15000.0, 2000, 30000), show_value=True, label="Defocus (Å)")
    b_factor = mo.ui.slider(-100, 300, 5, value=start("b_factor", 60.0, -100, 300), show_value=True, label="B factor (Å²)")
    mo.hstack([defocus, b_factor], justify="start", gap=3)
    return b_factor, defocus


@app.cell
def _(Axis, Figure, Line, Optics, PURE, Panel, Rule, b_envelope, b_factor, ctf, defocus, np, show, torch):
    k = torch.linspace(0, 0.3, 400, dtype=torch.float64)
    values = torch.tensor([defocus.value, defocus.value, 0.0, 0.0], dtype=torch.float64)
    envelope = b_envelope(k**2, b_factor.value)
    transfer = ctf(values, Optics(pixel_size=1.0), k, torch.zeros_like(k)) * envelope
    show(
        Figure(
            name="ctf", title="Transfer", height=3.2,
            caption="How much of each wave reaches the image, and with which sign. Look for the zeros: what they take is lost.",
            panels=(
                Panel(
                    marks=(Line(x=k.numpy(), y=envelope.numpy(), colour="orange", style="dashed", label="envelope"),
                           Line(x=k.numpy(), y=transfer.numpy(), label="CTF"), Rule(at=0.0, axis="y")),
                    x=Axis("Spatial frequency", "Å⁻¹", limits=(0.0, 0.3)), y=Axis("Transfer", PURE, limits=(-1.1, 1.1)),
                ),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(b_envelope, claim, mo, np, question, torch):
    at_five = float(b_envelope(torch.tensor(1 / 25.0), 100.0))
    said = claim(f"At B = 100 Å² and 5 Å the envelope is {at_five:.3f}, which is 1/e.", abs(at_five - np.exp(-1)) < 1e-6)
    mo.vstack([question("Q28"), said])
    return


@app.cell
def _(ENVELOPE, bench, help_of, mo, prompt_of):
    envelope_bench = bench(ENVELOPE)
    mo.vstack([prompt_of(ENVELOPE), envelope_bench, help_of(ENVELOPE)])
    return (envelope_bench,)


@app.cell
def _(ENVELOPE, envelope_bench, verdict):
    verdict(ENVELOPE, envelope_bench.value)
    return


@app.cell
def _(closing):
    closing("ctf-blur")
    return


if __name__ == "__main__":
    app.run()

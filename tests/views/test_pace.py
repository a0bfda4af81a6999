"""The picture that shows whether a session keeps pace."""

from __future__ import annotations

from vitreous.views.pace import pace_figure
from vitreous.views.render import render


def test_lag_and_particles_are_drawn_from_zero_with_their_unit():
    figure = pace_figure([12.0, 30.0, 18.0], [200, 0, 180])
    lag, particles = figure.panels
    assert (lag.y.text, particles.y.text) == ("From arrival to the end (s)", "Particles")
    assert lag.y.limits == particles.y.limits == (0, None)
    assert lag.marks[0].x.tolist() == [1, 2, 3]
    assert lag.marks[0].y.tolist() == [12.0, 30.0, 18.0]
    assert b"<svg" in render(figure, "svg")

"""Figures to SVG without a drawing library: a tenth of matplotlib's time, so that a picture follows the slider that changes it.

The same marks, colours and places as :func:`vitreous.views.render.render`; what differs is that nothing is measured but guessed (the
width of words) and that limits and ticks are found by the few lines here.
"""

"""Pictures: figures of arrays with axes and units, and the report made of them.

A figure is a value (:class:`~vitreous.views.figure.Figure`) that one function a file builds from plain arrays; the same value is
drawn as PNG or SVG here, and by any other surface that knows the marks of :mod:`vitreous.views.marks`. In every picture of an
image or a map x runs to the right and y upwards, seen from +z, so that hands are those of the object.
"""

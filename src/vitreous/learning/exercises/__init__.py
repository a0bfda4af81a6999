"""Exercises by topic; each module holds a few :class:`~vitreous.learning.exercise.Exercise`."""

"""The learning room: the study group's syllabus as data, and what its lessons are made of.

A lesson (:mod:`vitreous.lessons`) is a marimo notebook. It shows figures and states claims (:mod:`~vitreous.learning.page`), and sets
exercises (:mod:`~vitreous.learning.exercise`) whose answers are compared with what Vitreous itself computes, and told what is wrong
with them (:mod:`~vitreous.learning.diagnosis`).
"""

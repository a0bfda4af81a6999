"""Graphs of jobs made from a few parameters."""

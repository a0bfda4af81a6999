"""Particles of several kinds: which differ, how, and how sure that is."""

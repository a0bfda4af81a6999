"""The command line: ``vitreous VERB``."""

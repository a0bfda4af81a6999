"""The optics refined from particles with poses and their half-maps: defocus, aberrations, magnification."""

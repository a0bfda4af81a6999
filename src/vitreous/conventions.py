"""Every convention, once. ``tests/conventions`` holds one test a sentence; CONVENTIONS.md explains them."""

from __future__ import annotations

from types import MappingProxyType

SENTENCES = MappingProxyType(
    {
        "axes": "Arrays are (…, z, y, x); vectors and matrices act on columns (x, y, z).",
        "origin": "The origin of an image or volume of n voxels is voxel n // 2 on every axis, n odd or even.",
        "rows": "Row 0 of an image is the first row stored in an MRC file and the last one stored in a TIFF file, as in RELION.",
        "fourier": "The forward transform is Σ f exp(-2πi k·r), unnormalised; the inverse divides by the number of voxels.",
        "layout": "Half transforms run over x; zero frequency comes first on every axis.",
        "frequency": "Spatial frequency is in Å⁻¹, never a fraction of Nyquist.",
        "rotation": "Rotations are active matrices: r_lab = R r_object.",
        "euler": "At the border (rot, tilt, psi) in degrees are RELION's: R = Rz(psi)' Ry(tilt)' Rz(rot)' with RELION's matrix.",
        "projection": "A projection is the sum along +z of the lab frame times the voxel size.",
        "slice": "The transform of a projection at (kx, ky) is the transform of the volume at Rᵀ (kx, ky, 0).",
        "shift": "A pose's shift in Å says where the particle sits relative to the box centre: minus RELION's origin.",
        "defocus": "Defocus is in Å, positive is underfocus.",
        "astigmatism": "Defocus U lies along the astigmatism angle, which runs from +x towards +y; V is across it.",
        "slope": "Defocus at (x, y) is that of the micrograph's middle plus slope · ((x, y) − middle): Å per Å along +x and +y.",
        "ctf_sign": "The CTF at zero frequency is minus the amplitude contrast: protein is dark in a micrograph.",
        "contrast": "Images are kept as recorded; particles say whether their contrast is dark or bright.",
        "dose": "Dose is in e/Å², cumulative at the end of a frame.",
        "coordinates": "Particle coordinates are in pixels of the micrograph, 0-based, at the centre of the particle.",
        "hand": "A right-handed helix stays right-handed from file to projection to reconstruction to file.",
    }
)

"""Physical constants (CODATA 2018), SI units."""

from __future__ import annotations

PLANCK = 6.62607015e-34  # J s
ELECTRON_MASS = 9.1093837015e-31  # kg
ELEMENTARY_CHARGE = 1.602176634e-19  # C
LIGHT_SPEED = 2.99792458e8  # m/s

#: Critical exposure N_c(k) = A k^B + C in e/Å² at 300 kV, k in Å⁻¹ (Grant & Grigorieff 2015, eLife 4:e06980, eq. 3).
CRITICAL_EXPOSURE = (0.24499, -1.6649, 2.8141)
#: Factor on the critical exposure at 200 kV (same paper, p. 7).
CRITICAL_EXPOSURE_200KV = 0.8

r"""A small network that reads resolution off the local spectrum of a map.

DeepRes (Ramírez-Aportela et al. 2019, IUCrJ 6:1054) runs a network over the cube around each voxel. What such a cube says about
resolution is how far its power stands above that of noise, band by band, and how it falls off. So the network is given just that: the
logarithm of local power over noise in bands of frequency, under windows that grow with the wavelength. Levels are a constant factor
apart, and the network is a convolution along them: it knows no Å and no voxels, and a map of twice the scale gives twice the answer.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

#: Windows that a place is seen through, channels of a layer, levels a filter spans.
WINDOWS, HIDDEN, SPAN = 2, 24, 5
#: How far apart the levels are that each layer joins; together they reach ten levels up and down, a factor of two.
DILATIONS = (1, 2, 2)
#: Logarithms beyond this are the same to the second view of them, which is for what lies close to the noise.
CLOSE = 1.5


class SpectralNetwork(nn.Module):
    """From local spectra to how surely each level is resolved.

    Parameters
    ----------
    generator
        Draws the initial weights.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        counts = [2 * WINDOWS, *(HIDDEN,) * len(DILATIONS)]
        self.layers = nn.ModuleList(
            nn.Conv1d(before, after, SPAN, padding=(SPAN // 2) * apart, dilation=apart, padding_mode="replicate")
            for before, after, apart in zip(counts, counts[1:], DILATIONS)
        )
        self.last = nn.Conv1d(HIDDEN, 1, 1)
        with torch.no_grad():
            for layer in (*self.layers, self.last):
                nn.init.kaiming_normal_(layer.weight, generator=generator)
                nn.init.zeros_(layer.bias)

    def forward(self, excess: Tensor) -> Tensor:
        """Log odds that a place is resolved at each level.

        Parameters
        ----------
        excess
            ``(n, WINDOWS, levels)``: logarithm of power over noise, coarsest level first.

        Returns
        -------
        Tensor
            ``(n, levels)``; positive where it is more likely resolved than not.
        """
        hidden = torch.cat([excess / 4, excess.clamp(-CLOSE, CLOSE)], 1)
        for layer in self.layers:
            hidden = nn.functional.leaky_relu(layer(hidden), 0.1)
        return self.last(hidden)[:, 0]

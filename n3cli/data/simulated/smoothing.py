"""What a camera's own denoising leaves of its noise: less, and spread over neighbouring pixels.

Photos that cameras have stored show noise that neighbouring pixels share, in colour over several
pixels, where that of a demosaiced sensor alone would hardly be shared. How cameras do it is not
published; edges survive it. So here the noise is smoothed and the picture is not.
"""

from __future__ import annotations

import torch
from torch import Tensor

from n3cli.ops.blur import gaussian_blur
from n3cli.ops.luma import LUMA


def smooth_noise(
    noisy: Tensor, clean: Tensor, luma: Tensor, colour: Tensor, widest: float
) -> Tensor:
    """Smooth the noise of pictures, of its colour and its luma differently.

    Args:
        noisy: B×3×H×W in [0, 1].
        clean: the same without noise.
        luma: B, standard deviation in pixels of the Gaussian kernel; 0 smooths nothing.
        colour: B, the same for what differs between red, green and blue.
        widest: the largest deviation that any may have.

    Returns:
        B×3×H×W in [0, 1].
    """
    noise = noisy - clean
    red, green, blue = (
        share * plane for share, plane in zip(LUMA, torch.split(noise, 1, dim=1), strict=True)
    )
    grey = red + green + blue
    smooth = gaussian_blur(grey, luma, widest) + gaussian_blur(noise - grey, colour, widest)
    return (clean + smooth).clamp_(0, 1)

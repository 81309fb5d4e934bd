"""Make `neighbours.png`: `python docs/make_neighbours.py`; see pictures.md.

From left to right: a noisy wall, what the default grey network makes of it with its N3 branch left
out, the same with it, and where two places found their neighbours.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.data import brick

import n3cli
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture
from n3cli.networks.n3 import Neighbours
from n3cli.networks.n3_branch import N3Branch
from n3cli.networks.n3unet import N3UNet
from n3cli.ops.metric import psnr

DOCS = Path(__file__).parent
SIGMA = 50
TOP, LEFT, SIDE = 40, 60, 160
"""The part of the wall that is shown; the network sees all of it."""
QUERIES = ((100, 108), (136, 190))
"""Row and column in the wall of the places whose neighbours are drawn."""
SCALE = 3
GAP = 6
COLOURS = ((230, 80, 20), (20, 120, 230))


def denoise(
    network: N3UNet, noisy: torch.Tensor, with_n3: bool
) -> tuple[NDArray[np.float32], list[Neighbours]]:
    """Denoise H×W, and tell what the places chose."""
    (level, branch), *_ = network.n3.items()
    assert isinstance(branch, N3Branch)
    chosen: list[Neighbours] = []

    def look(_: object, given: tuple[torch.Tensor, object], out: torch.Tensor) -> torch.Tensor:
        _, embedding, log_temperature = branch.guide(given[0])
        places = [(row >> int(level), column >> int(level)) for row, column in QUERIES]
        chosen.extend(branch.aggregation.inspect(embedding, log_temperature, places))
        return out if with_n3 else torch.zeros_like(out)

    handle = branch.register_forward_hook(look)
    with torch.no_grad():
        clean = network(noisy[None, None], SIGMA / 255)[0, 0].clamp(0, 1)
    handle.remove()
    return clean.numpy(), chosen


def draw(picture: NDArray[np.uint8], chosen: list[Neighbours], size: int, scale: int) -> None:
    """Frame the queries and their candidates, the stronger the more weight they have."""
    for query, colour in zip(chosen, COLOURS, strict=True):
        weights = query.weights.sum(0)
        for (row, column), weight in zip(query.candidates.tolist(), weights.tolist(), strict=True):
            if weight > 0.1:
                frame(picture, row * scale, column * scale, size * scale, colour, min(1, weight))
        row, column = query.query
        frame(picture, row * scale, column * scale, size * scale, (255, 255, 255), 1)


def frame(
    picture: NDArray[np.uint8], row: int, column: int, size: int, colour: tuple, strength: float
) -> None:
    """Draw the outline of a square of the wall on the part that is shown."""
    over = picture.copy()
    corner = (SCALE * (column - LEFT) + 2, SCALE * (row - TOP) + 2)
    other = (corner[0] + SCALE * size - 5, corner[1] + SCALE * size - 5)
    cv2.rectangle(over, corner, other, colour, 2, cv2.LINE_AA)
    picture[:] = cv2.addWeighted(over, strength, picture, 1 - strength, 0)


def shown(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The part of it, enlarged, as RGB."""
    part = image[TOP : TOP + SIDE, LEFT : LEFT + SIDE].repeat(SCALE, 0).repeat(SCALE, 1)
    return np.rint(255 * part.clip(0, 1)).astype(np.uint8)[..., None].repeat(3, 2)


def main() -> None:
    """Write the picture and print the PSNR of the whole wall."""
    clean = brick().astype(np.float32) / 255
    noise = np.random.default_rng(0).normal(0, SIGMA / 255, clean.shape)
    noisy = (clean + noise).astype(np.float32)
    network = n3cli.load_model("denoise-n3unet-gray").network
    assert isinstance(network, N3UNet)
    panels = [shown(noisy)]
    chosen: list[Neighbours] = []
    for with_n3 in (False, True):
        result, chosen = denoise(network, torch.from_numpy(noisy), with_n3)
        panels.append(shown(result))
        print(f"with N3: {with_n3}, {psnr(result, clean, 1):.2f} dB")
    (level, branch), *_ = network.n3.items()
    panels.append(shown(clean))
    draw(panels[-1], chosen, branch.aggregation.patch << int(level), 1 << int(level))
    white = np.full((SIDE * SCALE, GAP, 3), 255, np.uint8)
    row = [part for panel in panels for part in (white, panel)][1:]
    write_picture(DOCS / "neighbours.png", Picture(np.hstack(row), None, Meta()))


if __name__ == "__main__":
    main()

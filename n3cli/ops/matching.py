"""Block matching: the patches of an image that are most like the one around each pixel."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from n3cli.ops.padding import mirror

_DISTANCES_AT_ONCE = 1 << 23


@torch.no_grad()
def match_patches(image: Tensor, patch: int, window: int, k: int) -> Tensor:
    """For each pixel, the pixels around which patches are most like the one around it.

    Patches reach beyond the border into the image mirrored there; candidates do not. Distances are
    sums of squared differences. Each is the same sum in the same order wherever a pixel lies in a
    tile, so that tiles choose what the whole image chooses, to the bit.

    Args:
        image: B×H×W, of any size.
        patch: side of a patch in pixels, odd.
        window: pixels that are looked at along each axis, odd; those outside the image are not.
        k: how many are chosen.

    Returns:
        B×K×H×W, the nearest first, which is the pixel itself: places in the window, counted along
        its rows. Where there are too few candidates, the pixel itself stands in for the rest.
    """
    batch, height, width = image.shape
    half, margin = window // 2, patch // 2
    mirrored = mirror(image, margin)
    bordered = F.pad(mirrored, (half,) * 4)
    rows = max(1, _DISTANCES_AT_ONCE // (window**2 * width * batch))
    chosen = []
    for top in range(0, height, rows):
        count = min(rows, height - top)
        here = mirrored[:, top : top + count + 2 * margin]
        around = bordered[:, top : top + count + 2 * (margin + half)]
        distance = _distances(here, around, patch, window)
        _exclude_outside(distance, top, height)
        distance[half, half] = -1  # itself, before others that are the same
        ordered = distance.view(window**2, -1).T.contiguous()
        nearest, place = ordered.topk(min(k, window**2), largest=False)
        place[nearest == math.inf] = window**2 // 2
        chosen.append(place.view(batch, count, width, -1))
    places = torch.cat(chosen, 1).permute(0, 3, 1, 2)
    if k > window**2:
        itself = places[:, :1].expand(-1, k - window**2, -1, -1)
        places = torch.cat([places, itself], 1)
    return places


def _distances(here: Tensor, around: Tensor, patch: int, window: int) -> Tensor:
    """Distances of patches to those in their windows: window×window×B×rows×columns.

    Args:
        here: B×(rows + patch − 1)×(columns + patch − 1).
        around: the same with window // 2 pixels more on every side.
        patch: side of a patch.
        window: candidates along each axis.
    """
    batch, height, width = here.shape
    rows, columns = height - patch + 1, width - patch + 1
    shifted = around.unfold(2, width, 1)  # B×…×window×width
    result = here.new_empty(window, window, batch, rows, columns)
    for down in range(window):
        square = (shifted[:, down : down + height] - here[:, :, None]).square_()
        total = square[:, :rows].clone()
        for shift in range(1, patch):
            total += square[:, shift : shift + rows]
        sums = total[..., :columns].clone()
        for shift in range(1, patch):
            sums += total[..., shift : shift + columns]
        result[down] = sums.permute(2, 0, 1, 3)
    return result


def _exclude_outside(distance: Tensor, top: int, height: int) -> None:
    """Make candidates outside the image infinitely far.

    Args:
        distance: window×window×B×rows×columns, of rows from `top` on.
        top: in an image of that height.
        height: of the image.
    """
    window, columns = len(distance), distance.shape[-1]
    for place in range(window):
        offset = place - window // 2
        distance[place, :, :, : max(0, -offset - top)] = math.inf
        distance[place, :, :, max(0, height - offset - top) :] = math.inf
        if offset < 0:
            distance[:, place, ..., :-offset] = math.inf
        else:
            distance[:, place, ..., max(0, columns - offset) :] = math.inf

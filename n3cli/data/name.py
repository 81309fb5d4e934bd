"""The names of all data sets as types, so that a checker knows what opens; a test compares them."""

from __future__ import annotations

from typing import Literal, TypeAlias

PictureName: TypeAlias = Literal[
    "set12",
    "bsd68",
    "cbsd68",
    "cbsd68-jpeg",
    "kodak24",
    "mcmaster",
    "urban100",
    "val40",
    "bsds400",
    "bsds500-train",
    "bsds500-val",
    "bsds500-test",
    "div2k-train",
    "div2k-valid",
    "waterloo",
    "sidd-small-srgb-noisy",
    "sidd-small-srgb-clean",
    "sidd-medium-srgb-noisy",
    "sidd-medium-srgb-clean",
    "set5-x2",
    "set5-x3",
    "set5-x4",
    "set14-x2",
    "set14-x3",
    "set14-x4",
    "bsd100-x2",
    "bsd100-x3",
    "bsd100-x4",
    "urban100-x2",
    "urban100-x4",
    "polyu-dev",
    "polyu-test",
    "cc15",
    "textures",
    "t91",
    "photos96",
]
BlockName: TypeAlias = Literal["sidd", "sidd-raw", "sidd-benchmark", "sidd-benchmark-raw"]
RawPhotoName: TypeAlias = Literal["sidd-small-raw", "sidd-medium-raw"]
DndName: TypeAlias = Literal["dnd", "dnd-srgb"]
PairName: TypeAlias = Literal[
    "strecha", "colmap", "stpeters", "reichstag", "brown", "yfcc", "sun3d"
]

"""Small sets in the form of DND and SIDD with known clean images, as MATLAB writes them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import scipy.io

MATLAB_HEAD = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Jan  1 00:00:00 2026 HDF5"
A, B = 2e-3, 2e-5
BOXES = ((1, 1, 48, 48), (17, 33, 80, 96), (49, 81, 96, 128))
"""1-based rows and columns: top, left, bottom, right, all inclusive."""


def scene(number: int, height: int = 96, width: int = 128) -> np.ndarray:
    """A linear colour picture with edges, shading and texture, H×W×3 in [0, 1]."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    discs = ((x - 40 - 9 * number) ** 2 + (y - 50) ** 2 < 30**2) * 0.3
    stripes = 0.05 * np.sin(x / 3) * (y > 60)
    base = 0.08 + 0.4 * x / width + discs + stripes
    return np.clip(base[..., None] * np.array([0.6, 1.0, 0.8]), 0, 0.95)


def mosaic(picture: np.ndarray) -> np.ndarray:
    """Red, green, green, blue."""
    found = picture[..., 1].copy()
    found[::2, ::2] = picture[::2, ::2, 0]
    found[1::2, 1::2] = picture[1::2, 1::2, 2]
    return found


def photons(clean: np.ndarray, seed: int, a: float = A, b: float = B) -> np.ndarray:
    """Poisson counts of gain a, and Gaussian noise of variance b."""
    rng = np.random.default_rng(seed)
    return a * rng.poisson(clean / a) + np.sqrt(b) * rng.standard_normal(clean.shape)


def write_hdf5(path: Path, fill) -> None:
    """A file of version 7.3: MATLAB's head, then HDF5 as `fill` makes it."""
    with h5py.File(path, "w", userblock_size=512) as file:
        fill(file)
    with path.open("r+b") as file:
        file.write(MATLAB_HEAD.ljust(116) + bytes(8) + b"\x00\x02IM")


def put(group, name: str, values) -> h5py.Dataset:
    """An array as MATLAB stores it: axes in reverse."""
    values = np.asarray(values)
    item = group.create_dataset(name, data=values.T)
    item.attrs["MATLAB_class"] = np.bytes_("single" if values.dtype == np.float32 else "double")
    return item


def write_dnd(folder: Path, photos: int = 2) -> list[dict[str, np.ndarray]]:
    """A set like DND; returns the clean mosaics and pictures."""
    for name in ("images_raw", "images_srgb"):
        (folder / name).mkdir(parents=True)
    truth = []
    for number in range(photos):
        linear = scene(number)
        raw, srgb = mosaic(linear), linear ** (1 / 2.2)
        noisy_srgb = srgb + 0.06 * np.random.default_rng(number + 50).standard_normal(srgb.shape)
        truth.append({"raw": raw[..., None], "srgb": srgb})
        for name, key, values in (
            ("images_raw", "Inoisy", photons(raw, number)),
            ("images_srgb", "InoisySRGB", np.clip(noisy_srgb, 0, 1)),
        ):
            write_hdf5(
                folder / name / f"{number + 1:04d}.mat",
                lambda file, key=key, values=values: put(file, key, values.astype(np.float32)),
            )
    write_hdf5(folder / "info.mat", lambda file: fill_info(file, photos))
    return truth


def fill_info(file: h5py.File, photos: int) -> None:
    info = file.create_group("info")
    info.attrs["MATLAB_class"] = np.bytes_("struct")
    refs = file.create_group("#refs#")
    count = len(BOXES)
    columns: dict[str, list] = {}

    def refer(column: str, item) -> None:
        columns.setdefault(column, []).append(item.ref)

    for number in range(photos):
        key = f"p{number}"
        refer("boundingboxes", put(refs, f"{key}boxes", np.array(BOXES, np.float64)))
        nlf = refs.create_group(f"{key}nlf")
        nlf.attrs["MATLAB_class"] = np.bytes_("struct")
        put(nlf, "a", [[A]])
        put(nlf, "b", [[B]])
        refer("nlf", nlf)
        raw = 0.01 * (1 + np.arange(4 * count).reshape(count, 2, 2))
        refer("sigma_raw", put(refs, f"{key}raw", raw))
        refer("sigma_srgb", put(refs, f"{key}srgb", np.full((count, 1), 0.06)))
        text = np.array([[ord(char) for char in "Sony A7R"]], np.uint16)
        camera = refs.create_dataset(f"{key}camera", data=text.T)
        camera.attrs["MATLAB_class"] = np.bytes_("char")
        refer("camera", camera)
    for name, items in columns.items():
        info.create_dataset(name, data=np.array([items], h5py.ref_dtype).T)


def write_sidd(folder: Path, raw: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Blocks like SIDD's validation set, 2 photos × 3 blocks of 48×48; returns noisy and clean."""
    kind = "Raw" if raw else "Srgb"
    pictures = [mosaic(scene(n))[..., None] if raw else scene(n) ** (1 / 2.2) for n in range(2)]
    clean = np.stack([
        np.stack([picture[top : top + 48, left : left + 48] for top, left in
                  ((0, 0), (30, 40), (48, 80))])
        for picture in pictures
    ])  # fmt: skip
    noisy = np.clip(clean + 0.08 * np.random.default_rng(3).standard_normal(clean.shape), 0, 1)
    if raw:
        clean, noisy = (values[..., 0].astype(np.float32) for values in (clean, noisy))
    else:
        clean, noisy = (np.rint(255 * values).astype(np.uint8) for values in (clean, noisy))
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in (("Noisy", noisy), ("Gt", clean)):
        key = f"Validation{name}Blocks{kind}"
        scipy.io.savemat(folder / f"{key}.mat", {key: values}, do_compression=True)
    return noisy, clean

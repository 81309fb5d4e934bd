from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from hypothesis import given
from hypothesis import strategies as st

from n3cli.zoo.card import Card, Figures, read_section, replace_figures, write_card
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.locate import bundled

CONFIG = ModelConfig("denoise-n3unet-gray", "denoise", "n3unet", {"channels": 1}, 75.0, "float16")
CARD = Card(
    summary="A network.",
    license="apache-2.0",
    training="On photos.",
    terms="Be kind.",
    tags=("denoising",),
    datasets=("BSDS500",),
    columns=("σ = 15", "σ = 25"),
    measurements=(Figures("Set12", (32.354, 29.98)),),
    protocol="Whole images.",
)


def test_hub_reads_the_metadata() -> None:
    data = ModelCard(write_card(CARD, CONFIG)).data
    assert data.license == "apache-2.0"
    assert data.library_name == "n3"
    assert data.pipeline_tag == "image-to-image"
    assert data.tags == ["denoise", "n3unet", "denoising"]
    assert data.datasets == ["BSDS500"]


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1))
def test_any_text_survives_the_metadata(text: str) -> None:
    card = dataclasses.replace(CARD, license="other", license_name=text, tags=(text,))
    data = ModelCard(write_card(card, CONFIG)).data
    assert data.license_name == text
    assert data.tags[-1] == text


def test_sections_and_figures() -> None:
    text = write_card(CARD, CONFIG)
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# denoise-n3unet-gray",
        "## Use",
        "## Figures",
        "## Training",
        "## Terms",
    ]
    assert (
        "| PSNR in dB | σ = 15 | σ = 25 |\n| --- | ---: | ---: |\n| Set12 | 32.35 | 29.98 |" in text
    )
    assert "n3 denoise photo.png -m denoise-n3unet-gray" in text


def test_figures_are_replaced_and_nothing_else() -> None:
    card = dataclasses.replace(CARD, summary="Whole images.")  # as the figures say, too
    told = replace_figures(
        write_card(card, CONFIG),
        ("σ = 50",),
        [Figures("BSD68", (26.454,))],
        "Whole images.",
        "PSNR in dB",
    )
    expected = dataclasses.replace(
        card, columns=("σ = 50",), measurements=(Figures("BSD68", (26.454,)),)
    )
    assert told == write_card(expected, CONFIG)


def test_a_card_without_figures_gets_them() -> None:
    told = replace_figures(
        "---\nlicense: x\n---\n\nMine.\n",
        ("σ = 50",),
        [Figures("BSD68", (26.454,))],
        "So.",
        "PSNR in dB",
    )
    assert told.startswith("---\nlicense: x\n---\n\nMine.\n\n## Figures\n\n")
    assert "| BSD68 | 26.45 |" in read_section(told, "Figures")


def test_nothing_measured_and_no_noise_level() -> None:
    card = dataclasses.replace(CARD, measurements=())
    text = write_card(card, dataclasses.replace(CONFIG, sigma_max=None))
    assert "None measured." in text
    assert "takes no noise level" in text


@pytest.mark.parametrize("folder", bundled().values(), ids=lambda folder: str(folder.name))
def test_bundled_cards(folder: Path) -> None:
    card = ModelCard((folder / "README.md").read_text(encoding="utf-8"))
    assert card.data.library_name == "n3"
    if folder.name.startswith("match-"):  # learnt from nobody's pictures
        assert "| per cent |" in card.text
        assert "non-commercial" not in card.text
        return
    assert "| PSNR in dB |" in card.text
    assert "non-commercial" in card.text

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n3cli.errors import ModelError
from n3cli.zoo.names import ALIASES, DEFAULTS, PATTERN, complete_name, default_name, unknown_name

PART = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8).filter(
    lambda part: part not in ALIASES
)


@pytest.mark.parametrize(
    ("typed", "channels", "full"),
    [
        ("denoise-n3net-gray-s25", None, "denoise-n3net-gray-s25"),
        ("n3unet", 1, "denoise-n3unet-gray"),
        ("n3unet", 3, "denoise-n3unet-color"),
        ("denoise-n3unet", 3, "denoise-n3unet-color"),
        ("n3unet-gray", None, "denoise-n3unet-gray"),
        ("n3net-gray-s25", 3, "denoise-n3net-gray-s25"),
        ("N3-UNet", 1, "denoise-n3unet-gray"),
        ("n3unet-grey", None, "denoise-n3unet-gray"),
        ("denoise-n3-net-colour", None, "denoise-n3net-color"),
        ("  n3unet ", 1, "denoise-n3unet-gray"),
    ],
)
def test_completion(typed: str, channels: int | None, full: str) -> None:
    assert complete_name(typed, task="denoise", channels=channels) == full


@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize(
    "typed",
    [
        "n3sr",
        "n3sr-color",
        "n3sr-colour",
        "N3SR-Colour",
        "upscale-n3sr",
        "upscale-n3sr-colour",
        default_name("upscale"),
    ],
)
def test_names_for_enlarging(typed: str, channels: int | None) -> None:
    assert complete_name(typed, task="upscale", channels=channels) == "upscale-n3sr-color"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("n3sr-grey", "Unknown model 'upscale-n3sr-gray'.*Did you mean upscale-n3sr-color"),
        ("n3rs", "Unknown model 'upscale-n3rs-color'.*Did you mean upscale-n3sr-color"),
        ("n3unet", "n3unet is for the task denoise, not upscale"),
        ("denoise-n3sr-color", "n3sr is for the task upscale, not denoise"),
        ("denoise-n3unet-color", "is for the task denoise, not upscale: use it with `n3 denoise`"),
        ("n3_sr", "is not a model name"),
        ("n3sr-", "is not a model name"),
    ],
)
def test_wrong_names_for_enlarging(typed: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from n3cli.zoo.load import load_model

    def refuse(hub_id: object) -> None:
        raise ModelError("not on this machine")

    monkeypatch.setattr("n3cli.zoo.hub.download", refuse)
    with pytest.raises(ModelError, match=words):
        load_model(typed, task="upscale", channels=3)


@pytest.mark.parametrize("channels", [None, 1, 3])
def test_where_all_models_are_for_colour_nothing_is_open(channels: int | None) -> None:
    assert complete_name("n3sr", task="upscale", channels=channels) == "upscale-n3sr-color"
    assert complete_name("upscale-n3sr", task="denoise", channels=channels) == "upscale-n3sr-color"
    assert complete_name("n3sr-gray", task="upscale", channels=channels) == "upscale-n3sr-gray"


@pytest.mark.parametrize("typed", ["raw", "Raw", "n3unet-raw", "n3-unet-raw"])
@pytest.mark.parametrize("channels", [None, 1, 3])
def test_the_model_for_mosaics_has_a_name_of_its_own(typed: str, channels: int | None) -> None:
    full = complete_name(typed, task="denoise", channels=channels)
    assert full == "denoise-n3unet-raw"


@pytest.mark.parametrize("typed", ["photo", "Photo", "n3sr-photo", "upscale-n3sr-photo"])
def test_the_model_for_photos_has_a_name_of_its_own(typed: str) -> None:
    assert complete_name(typed, task="upscale", channels=3) == "upscale-n3sr-photo"
    with pytest.raises(ModelError, match="does not say"):
        complete_name("photo", task="denoise")


@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize("typed", ["real", "Real", "n3unet-color-real"])
def test_the_model_for_the_noise_of_cameras_has_a_name_of_its_own(
    typed: str, channels: int | None
) -> None:
    assert complete_name(typed, task="denoise", channels=channels) == "denoise-n3unet-color-real"


@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize(
    ("typed", "full"),
    [
        ("n3cnet", "match-n3cnet"),
        ("N3-CNet", "match-n3cnet"),
        ("n3net", "match-n3cnet"),
        ("cnet", "match-cnet"),
        ("match-cnet", "match-cnet"),
        ("n3cnet-flags", "match-n3cnet-flags"),
        ("match-n3cnet-flags", "match-n3cnet-flags"),
    ],
)
def test_names_for_correspondences_need_no_variant(
    typed: str, full: str, channels: int | None
) -> None:
    assert complete_name(typed, task="match", channels=channels) == full
    assert PATTERN.fullmatch(full)
    assert not PATTERN.fullmatch(full.replace("match", "denoise").removesuffix("-flags"))


@given(PART, PART, st.sampled_from([None, 1, 3]))
def test_full_names_stay_as_they_are(network: str, variant: str, channels: int | None) -> None:
    full = complete_name(f"denoise-{network}-{variant}", task="denoise", channels=channels)
    assert PATTERN.fullmatch(full)
    assert complete_name(full, task="denoise") == full


@given(PART.filter(lambda part: part not in DEFAULTS), st.sampled_from([1, 3]))
def test_short_names_follow_the_grammar(network: str, channels: int) -> None:
    full = complete_name(network, task="denoise", channels=channels)
    parts = PATTERN.fullmatch(full)
    assert parts is not None
    assert (parts["task"], parts["network"]) == ("denoise", network)


def test_aliases_do_not_touch_longer_words() -> None:
    assert complete_name("greyhound-x", task="denoise") == "denoise-greyhound-x"


def test_open_variant_is_not_guessed() -> None:
    with pytest.raises(ModelError, match="add -gray or -color"):
        complete_name("n3unet", task="denoise")


def test_the_default_is_had_where_nothing_is_open_or_the_channels_are_told() -> None:
    from n3cli.zoo.load import load_model

    assert load_model(channels=3).config.name == "denoise-n3unet-color"
    assert load_model(task="upscale").config.name == "upscale-n3sr-color"
    assert load_model(task="match").config.task == "match"
    for name in (None, "n3unet"):
        with pytest.raises(ModelError, match="in Python, or pass channels=1 or 3"):
            load_model(name)


def test_four_planes_are_refused() -> None:
    with pytest.raises(ModelError, match="4 image planes"):
        complete_name("n3unet", task="denoise", channels=4)


@pytest.mark.parametrize("typed", ["", "n3 unet", "n3_unet", "-", "n3unet-", "é"])
def test_what_is_no_name(typed: str) -> None:
    with pytest.raises(ModelError, match="is not a model name"):
        complete_name(typed, task="denoise", channels=1)


def test_unknown_task() -> None:
    with pytest.raises(ModelError, match="known tasks: denoise"):
        default_name("dance")


def test_default_is_a_short_name() -> None:
    for task in DEFAULTS:
        assert PATTERN.fullmatch(complete_name(default_name(task), task=task, channels=1))


def test_unknown_name_suggests_near_ones() -> None:
    known = ["denoise-n3unet-gray", "denoise-n3unet-color"]
    message = str(unknown_name("denoise-n3unte-gray", known, "no."))
    assert "denoise-n3unet-gray" in message
    assert "n3 models list" in message
    assert "Did you mean" not in str(unknown_name("zzz", known, "no."))


@pytest.mark.parametrize("name", ["~nosuchuser/model", "x" * 5000, "a\0b"])
def test_what_can_be_no_path_is_a_clear_error(name: str) -> None:
    from n3cli.zoo.load import load_model

    with pytest.raises(ModelError):
        load_model(name)


@pytest.mark.parametrize("text", ["a/b@../../x", "a/b@/etc", "a/b@..", "../b", "a/b@x/../y"])
def test_hub_ids_stay_inside_the_hub(text: str) -> None:
    from n3cli.zoo.hub import parse_id

    assert parse_id(text) is None


def test_the_namespace_must_be_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from n3cli.zoo.hub import zoo_id

    monkeypatch.setenv("N3_HUB_NAMESPACE", "../evil")
    with pytest.raises(ModelError, match="N3_HUB_NAMESPACE"):
        zoo_id("denoise-n3net-gray")

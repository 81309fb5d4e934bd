"""What a run says of itself on its model's card."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from n3cli.data.catalog import CATALOG
from n3cli.inference.machine import describe_machine, write_machine
from n3cli.networks.network import Network
from n3cli.ops.mosaic.planes import MosaicForm
from n3cli.training.config import Recipe
from n3cli.training.example import DegradationSettings, SensorSettings
from n3cli.training.loop import Outcome
from n3cli.training.task import NetworkT
from n3cli.training.yardstick import choose_yardstick
from n3cli.zoo.card import Card, Figures, read_section, read_title, write_card
from n3cli.zoo.config import ModelConfig

_VALIDATED = {"val40": "Val40", "held-out": "held-out pictures", "none": ""}

_TAGS = {"denoise": ("denoising",), "upscale": ("super-resolution",)}

HERE = "path/to/this/folder"
"""What the card calls a model that has no name for others yet."""

_UNKNOWN = "Nothing is known."

_OWN_RECIPE = "recipe.toml in this folder"

_MEANING = (
    "No training image is in this folder. Whether such terms reach a network that was trained on "
    "the pictures is not settled and may depend on where you are. Non-commercial research is "
    "within them; before any other use, commercial use above all, decide for yourself or take "
    "advice, or train the network again on pictures that you have the rights to."
)


def describe_run(
    recipe: Recipe,
    device: torch.device,
    pictures: int,
    config: ModelConfig,
    outcome: Outcome[Network],
    earlier: str | None,
) -> str:
    """The card of a model fresh from training: its figures are those of the validation.

    Args:
        recipe: of the run.
        device: where it was trained.
        pictures: how many were trained on.
        config: the model's.
        outcome: of the run.
        earlier: card of the weights that it started from, if it started from some.
    """
    training = [
        _data(recipe, pictures),
        _course(recipe, outcome),
        write_machine(describe_machine(device), "Trained"),
    ]
    terms = [_terms(recipe)]
    add_earlier(recipe, earlier, training, terms)
    judged = recipe.validation
    crop = (
        f"the middle {judged.crop}×{judged.crop} pixels of each image" if judged.crop else "whole"
    )
    yardstick = choose_yardstick(recipe, outcome.network)
    card = Card(
        summary=_summarise(recipe, config, outcome),
        license=recipe.model.license,
        license_name="not stated" if recipe.model.license == "other" else None,
        training="\n\n".join(training),
        terms="\n\n".join(terms),
        tags=(*_TAGS[config.task], "image-restoration", "neural-nearest-neighbors"),
        datasets=tuple(CATALOG[name].title for name in recipe.data.sets),
        columns=tuple(
            f"{yardstick.label}{level:g}" for level in yardstick.levels(recipe, outcome.network)
        ),
        measurements=tuple(
            Figures(f"{_VALIDATED[judged.images]}, {when}", tuple(scores.values()))
            for when, scores in moments(outcome)
        ),
        protocol=f"{yardstick.protocol} ({crop}).",
        place=HERE,
        mosaic=outcome.network.description.mosaic,
    )
    return write_card(card, config)


def moments(outcome: Outcome[NetworkT]) -> list[tuple[str, Mapping[str, float]]]:
    """When a run was validated, and its scores then."""
    both = ("at the start", outcome.before), ("last validation", outcome.scores)
    return [(when, scores) for when, scores in both if scores]


def add_earlier(recipe: Recipe, earlier: str | None, training: list[str], terms: list[str]) -> None:
    """Add to the paragraphs of both sections what the card of earlier weights says in them."""
    if earlier is None:
        return
    # The name: where its folder lay on one machine says nothing to others.
    of = f"Of the weights of {read_title(earlier) or recipe.model.init}, which it started from:"
    course = read_section(earlier, "Training") or _UNKNOWN
    training += [of, course.replace(_OWN_RECIPE, "a recipe of its own")]
    known = read_section(earlier, "Terms") or _UNKNOWN
    if known.startswith("\n\n".join(terms)):  # then all that they say is there
        terms[:] = [known]
    else:
        terms += [of, known]


def _summarise(recipe: Recipe, config: ModelConfig, outcome: Outcome[Network]) -> str:
    network = outcome.network
    count = network.parameter_count
    if form := network.description.mosaic:
        return f"{network.about} {count:,} parameters. {_summarise_shots(recipe.sensor, form)}"
    kind = {1: "grey", 3: "colour"}[network.description.channels]
    for_whom = f"{network.about} For {kind} pictures; {count:,} parameters."
    if config.task == "upscale":
        *others, last = map(str, network.scales)
        scales = f"{', '.join(others)} and {last}" if others else last
        return f"{for_whom} Enlarges by {scales}. {_summarise_sources(recipe.degradation)}"
    if recipe.sensor.develop:
        return f"{for_whom} {_summarise_development(recipe.sensor)}"
    low, high = recipe.noise.sigma
    noise = (
        f"One network for white Gaussian noise of every level from {low:g} to {high:g}"
        if low < high
        else f"For white Gaussian noise of level {high:g}"
    )
    return (
        f"{for_whom} {noise} (standard deviation "
        "on the 0–255 scale). It was not trained on real camera noise, JPEG artefacts or noise "
        "that is correlated between pixels: expect less there."
    )


_GIVEN = {
    "whole": "under every Bayer order and under X-Trans, before white balance: it is given where "
    "each colour's sites are, and at each site the standard deviation of the noise, of variance "
    "a·x + b at value x",
    "planes": "under every filter, before white balance: it is given the planes of each colour by "
    "themselves, of which it was trained on Bayer's, and a and b of their noise, of variance "
    "a·x + b at value x",
    "packed": "under every Bayer order, before white balance: it is given the planes of red, both "
    "greens and blue together, and a and b of their noise, of variance a·x + b at value x",
}
"""What networks for mosaics get, by their form."""


def _summarise_shots(sensor: SensorSettings, form: MosaicForm) -> str:
    low, high = sensor.gain
    return (
        f"For the linear mosaics of sensors {_GIVEN[form]}. It saw no raw photo: it was "
        "trained on pictures that were led back to the light behind a sensor's filters, with a "
        f"from {10**low:.2g} to {10**high:.2g} of white, clipping and rounding; a and b as told "
        f"were {sensor.error:.0%} and {2 * sensor.error:.0%} wrong (standard deviations). "
        "Patterns, lines and other noise that is not independent from site to site it does not "
        "know."
    )


def _summarise_development(sensor: SensorSettings) -> str:
    low, high = sensor.gain
    return (
        "For photos with the noise of a camera: that of a sensor, of variance a·x + b with a from "
        f"{10**low:.2g} to {10**high:.2g} of white, which was demosaiced, balanced, bent by a tone "
        f"curve, in {sensor.smoothed:.0%} of the crops smoothed as by a camera's own denoising, "
        f"rounded to 8 bits and, in {sensor.jpeg:.0%}, compressed (JPEG of "
        f"quality {sensor.quality[0]:g} to {sensor.quality[1]:g}). The noise level is the standard "
        "deviation of the noise in the picture, on the 0–255 scale; in training it "
        f"was {sensor.error:.0%} wrong (standard deviation). It saw no pairs of real photos; what "
        "cameras do beyond this (sharpening, for one) it does not know. For white "
        "Gaussian noise the model for that gets more."
    )


def _summarise_sources(degradation: DegradationSettings) -> str:
    if not degradation.share:
        return (
            "It was trained on pictures that bicubic interpolation had reduced, without noise and "
            "without compression: it is for clean sources, and makes noise and JPEG artefacts "
            "larger, too."
        )
    (_, blur), (_, noise), (quality, _) = (
        degradation.blur,
        degradation.noise,
        degradation.quality,
    )
    return (
        "It is for photos as people have them: it was trained on pictures that were blurred "
        f"(Gaussian of up to {blur:g} pixels), reduced, made noisy (white noise of up to "
        f"{noise:g} on the 0–255 scale) and compressed (JPEG of quality {quality:g} and more), "
        f"{1 - degradation.share:.0%} of them only reduced. Noise and blocks are taken away, fine "
        "texture that looks like noise with them; from clean sources the model for those gets more."
    )


def _data(recipe: Recipe, pictures: int) -> str:
    settings = recipe.data
    if not settings.sets:
        return f"Data: {pictures} pictures of its maker's own."
    titles = ", ".join(CATALOG[name].title for name in settings.sets)
    without = ", ".join(CATALOG[name].title for name in settings.exclude)
    left_out = f", without the images of {without}" if without else ""
    return f"Data: {titles}{left_out}: {pictures} pictures."


def describe_kept(recipe: Recipe) -> str:
    """Which weights a run keeps."""
    if recipe.run.ema:
        return f"a moving average of the weights ({recipe.run.ema:g}) was kept"
    return "the last weights were kept"


def describe_limit(recipe: Recipe, unit: str) -> str:
    """By what recipe, and how long: a sentence.

    Args:
        recipe: of the run.
        unit: what a batch is made of.
    """
    limit = (
        f"by the clock, {recipe.schedule.minutes:g} minutes"
        if recipe.schedule.minutes
        else f"{recipe.schedule.crops:,} {unit}"
    )
    return (
        f"Recipe: {_OWN_RECIPE} ({recipe.optimiser.kind}, {recipe.schedule.decay} decay, {limit})."
    )


def _course(recipe: Recipe, outcome: Outcome[Network]) -> str:
    unfinished = "" if outcome.finished else " The run was not over then."
    data, larger = recipe.data, ""
    if data.final:
        larger = f", in the last {data.final:.0%} of the run {data.final_crop}×{data.final_crop}"
    return (
        f"{describe_limit(recipe, 'crops')} {outcome.crops:,} crops of {data.crop}×{data.crop} "
        f"pixels{larger}, in {outcome.step:,} steps and {outcome.seconds / 60:.0f} minutes; "
        f"{describe_kept(recipe)}, batch norms not folded.{unfinished}"
    )


def describe_license(name: str) -> str:
    """Under which licence the weights are, where nobody else has rights in what they are of."""
    if name == "other":
        return "The licence of these weights is their maker's to choose."
    return f"The weights are under the licence {name}."


def _terms(recipe: Recipe) -> str:
    license_ = describe_license(recipe.model.license)
    if recipe.model.license != "other":
        license_ = (
            f"{license_[:-1]}, as far as they are ours to give: that covers our rights in them, "
            "and nobody else's in the pictures they were trained on."
        )
    if not recipe.data.sets:
        return license_
    terms = "; ".join(f"{CATALOG[name].title}: {CATALOG[name].terms}" for name in recipe.data.sets)
    return f"{license_}\n\nTerms of the training pictures: {terms}. {_MEANING}"

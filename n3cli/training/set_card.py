"""What a run for correspondences says of itself on its model's card."""

from __future__ import annotations

import torch

from n3cli.inference.machine import describe_machine, write_machine
from n3cli.networks.set_network import SetNetwork
from n3cli.training.card import (
    HERE,
    add_earlier,
    describe_kept,
    describe_license,
    describe_limit,
    moments,
)
from n3cli.training.config import Recipe
from n3cli.training.loop import Outcome
from n3cli.training.pair_validation import LABELS, PAIR_PROTOCOL
from n3cli.zoo.card import Card, Figures, write_card
from n3cli.zoo.config import ModelConfig

_DATA = (
    "Data: synthetic pairs of views alone (n3cli/data/simulated/scene.py): points on planes and in "
    "volumes, seen by two cameras, with wrong matches among them as descriptors make them. No "
    "picture, no real correspondence and nobody else's data was used."
)

_LIMITS = (
    "For pairs of views of a scene that does not move, by cameras whose focal lengths are known: "
    "the coordinates must be normalised by them. Where the camera only turns, or all points lie on "
    "one plane, no essential matrix tells right from wrong."
)


def describe_set_run(
    recipe: Recipe,
    device: torch.device,
    config: ModelConfig,
    outcome: Outcome[SetNetwork],
    earlier: str | None,
) -> str:
    """The card of a model fresh from training: its figures are those of the validation.

    Args:
        recipe: of the run.
        device: where it was trained.
        config: the model's.
        outcome: of the run.
        earlier: card of the weights that it started from, if it started from some.
    """
    training = [
        _DATA,
        _course(recipe, outcome),
        write_machine(describe_machine(device), "Trained"),
    ]
    terms = [describe_license(recipe.model.license)]
    add_earlier(recipe, earlier, training, terms)
    network, settings = outcome.network, recipe.correspondences
    count = network.parameter_count
    told = ", ".join(network.description.columns)
    card = Card(
        summary=f"{network.about} {count:,} parameters; it is told {told}. {_LIMITS}",
        license=recipe.model.license,
        license_name="not stated" if recipe.model.license == "other" else None,
        training="\n\n".join(training),
        terms="\n\n".join(terms),
        tags=("image-matching", "relative-pose", "neural-nearest-neighbors"),
        columns=tuple(LABELS.values()),
        unit="per cent",
        measurements=tuple(
            Figures(f"synthetic, {when}", tuple(100 * scores[key] for key in LABELS))
            for when, scores in moments(outcome)
        ),
        protocol=f"{PAIR_PROTOCOL}. {settings.pairs} synthetic pairs of "
        f"{settings.validation_points} correspondences, none of which was trained on.",
        place=HERE,
    )
    return write_card(card, config)


def _course(recipe: Recipe, outcome: Outcome[SetNetwork]) -> str:
    settings = recipe.correspondences
    return (
        f"{describe_limit(recipe, 'pairs')} {outcome.crops:,} pairs of {settings.points} "
        f"correspondences, {recipe.data.batch} a step, in {outcome.step:,} steps and "
        f"{outcome.seconds / 60:.0f} minutes; {describe_kept(recipe)}."
        f"{'' if outcome.finished else ' The run was not over then.'}"
    )

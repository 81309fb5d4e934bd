"""A run from its recipe to a model's folder."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch

from n3cli.errors import ConfigError, DeviceError, InputError, N3Warning
from n3cli.inference.device import choose_device
from n3cli.inference.memory import is_out_of_memory
from n3cli.io.path import explained
from n3cli.networks import registry
from n3cli.networks.any_network import AnyNetwork
from n3cli.networks.network import Network
from n3cli.networks.set_network import SetNetwork
from n3cli.training.checkpoint import Checkpoint, has_checkpoint, resumed
from n3cli.training.config import Recipe
from n3cli.training.distributed import World, joined
from n3cli.training.folder import claimed
from n3cli.training.grow import grow
from n3cli.training.lesson import Lesson, plan_correspondences, plan_images
from n3cli.training.log import LOG_FILE, Event, Log, read_log
from n3cli.training.loop import Outcome, train
from n3cli.training.precision import prepare
from n3cli.training.recipe import differing, parse_recipe, write_recipe
from n3cli.training.seed import Stream, mix
from n3cli.training.task import NetworkT, TargetT
from n3cli.zoo.config import CAMERA_NOISE, WHITE_NOISE, ModelConfig
from n3cli.zoo.folder import check_replaceable, load_trained, save_folder
from n3cli.zoo.layout import CARD_FILE, CONFIG_FILE, MODEL_FOLDER
from n3cli.zoo.locate import locate


@dataclass(frozen=True)
class Place:
    """What a run works on, beside its recipe.

    Attributes:
        folder: of the run: log, checkpoints and the model.
        data: folder of the data sets or of own pictures; None for the usual one.
        resume: ``auto``, a checkpoint or a run's folder to go on from; None for a new run.
        device: as in ``--device``.
        tensorboard: whether to log for TensorBoard, too.
    """

    folder: Path
    data: Path | None = None
    resume: str | None = None
    device: str = "auto"
    tensorboard: bool = False


def run(
    recipe: Recipe,
    place: Place,
    listen: Callable[[Event], None],
    progress: Callable[[int, int], None] | None = None,
) -> Path | None:
    """Train by a recipe and save the model.

    Args:
        recipe: what to train, on what, how long.
        place: where.
        listen: called with the log's events.
        progress: told how many pictures are decoded, of how many.

    Returns:
        The model's folder; None in a process that does not lead.

    Raises:
        ConfigError, DataError, ModelError, DeviceError: something is missing or makes no sense.
        InputError: the run's folder is in use or cannot be written to.
        TrainingError: the loss is not finite any more, or the time does not do for a step.
        KeyboardInterrupt, SystemExit: a signal came; a checkpoint is saved.
    """
    begun = time.monotonic()
    chosen = choose_device(place.device)
    with joined(chosen) as world, warnings.catch_warnings(), ExitStack() as stack:
        if not world.leads:
            warnings.simplefilter("ignore", N3Warning)  # the leader's are enough
            progress = None
        device = world.device(chosen)
        prepare(device)
        for batch, _ in recipe.data.phases:  # told before pictures are decoded
            world.share(batch)
        target = place.folder / MODEL_FOLDER
        if world.leads:
            with explained(place.folder):
                check_replaceable(target, overwrite=True)
            stack.enter_context(claimed(place.folder))  # before anybody looks what it holds
        checkpoint = _checkpoint(recipe, place, world)
        network = _network(recipe, checkpoint)
        config = model_config(recipe, network)
        session = _Session(recipe, place, listen, checkpoint, device, world, begun)
        if isinstance(network, SetNetwork):
            pairs = plan_correspondences(recipe, network, place.data, device, world)
            session.follow(pairs, network, config, stack)
        else:
            assert isinstance(network, Network)
            images = plan_images(recipe, network, place.data, progress, device, world)
            session.follow(images, network, config, stack)
    return target if world.leads else None


@dataclass(frozen=True)
class _Session:
    """What `run` has made ready, whatever is learnt."""

    recipe: Recipe
    place: Place
    listen: Callable[[Event], None]
    checkpoint: Checkpoint | None
    device: torch.device
    world: World
    begun: float

    def follow(
        self,
        lesson: Lesson[NetworkT, TargetT],
        network: NetworkT,
        config: ModelConfig,
        stack: ExitStack,
    ) -> None:
        """Train, and write the log and the model's folder."""
        recipe, checkpoint, place = self.recipe, self.checkpoint, self.place
        target = place.folder / MODEL_FOLDER
        if checkpoint is not None and not lesson.digest.startswith(checkpoint.material):
            raise ConfigError(
                "the run cannot be resumed, as it began with other data; start a new run from its "
                f"weights with --init {target}"
            )
        if checkpoint is not None and self.world.largest(self._is_over(checkpoint)) == [1]:
            if self.world.leads:
                warnings.warn(
                    f"this run is finished; its model is in {target}. To train further, start a "
                    f"new run from its weights: --init {target}, with another --out",
                    N3Warning,
                    stacklevel=2,
                )
            return
        earlier = _earlier(recipe, network, checkpoint)

        def publish(outcome: Outcome[NetworkT]) -> None:
            card = lesson.describe(config, outcome, earlier)
            save_folder(
                target, config, outcome.network, card, recipe=write_recipe(recipe), overwrite=True
            )

        log = None
        if self.world.leads:
            done = checkpoint.step if checkpoint else 0
            log = stack.enter_context(
                Log(place.folder, done, self.listen, tensorboard=place.tensorboard)
            )
            log.write(
                "start",
                done,
                recipe=config.name,
                **lesson.facts,
                parameters=network.parameter_count,
                device=str(self.device),
                processes=self.world.size,
            )
        try:
            outcome = train(
                recipe,
                lesson.task,
                network,
                place.folder,
                log,
                publish,
                device=self.device,
                world=self.world,
                begun=self.begun,
                material=lesson.digest,
                earlier=earlier,
                checkpoint=checkpoint,
            )
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceError(
                f"{self.device} has too little free memory for this run; give fewer crops per step "
                "(data.batch, data.final_batch), or run.recompute=true, which is slower"
            ) from error
        if log is not None:
            log.write("end", outcome.step, model=str(target), **outcome.scores)
            self._compare(outcome)

    def _is_over(self, checkpoint: Checkpoint) -> bool:
        """Whether the run came to its end with this checkpoint, and its model is there."""
        folder = self.place.folder
        ended = [event["step"] for event in read_log(folder / LOG_FILE) if event["event"] == "end"]
        return ended == [checkpoint.step] and (folder / MODEL_FOLDER / CONFIG_FILE).exists()

    def _compare(self, outcome: Outcome[NetworkT]) -> None:
        """Warn where the scores are below those of the start."""
        before, after = outcome.before, outcome.scores
        both = [key for key in after if key in before]  # a resumed run may be judged by others
        if not both or fmean(after[key] for key in both) >= fmean(before[key] for key in both):
            return
        figures = ", ".join(f"{key} {before[key]:.3f} → {after[key]:.3f}" for key in both)
        start = self.recipe.model.init
        kept = f"; {start}, which it started from, is unchanged" if start else ""
        warnings.warn(
            f"the model scores lower than at the start of the run: {figures}{kept}",
            N3Warning,
            stacklevel=2,
        )


def model_config(recipe: Recipe, network: AnyNetwork) -> ModelConfig:
    """The config.json of what a recipe trains, with weights in float32."""
    high = recipe.noise.sigma[1]
    return ModelConfig(
        recipe.model.name,
        network.description.task,
        recipe.model.network,
        registry.complete(recipe.model.network, recipe.model.options),
        high if isinstance(network, Network) and network.description.sigma_input else None,
        "float32",
        CAMERA_NOISE if recipe.sensor.develop else WHITE_NOISE,
    )


def _network(recipe: Recipe, checkpoint: Checkpoint | None) -> AnyNetwork:
    """The network with the weights that training starts from, unless a checkpoint has others."""
    settings = recipe.model
    torch.manual_seed(mix(recipe.run.seed, 0, Stream.WEIGHTS))
    network = registry.build(settings.network, settings.options)
    if settings.near_identity:
        network.start_near_identity()
    if settings.init and checkpoint is None:
        _, start = load_trained(_start(recipe, network))
        try:
            grow(network, start)
        except ValueError as error:
            raise ConfigError(
                f"model.init: {settings.init} cannot become {settings.name} "
                f"({settings.network}, {dict(settings.options)}): {error}; leave it out or name "
                "another model"
            ) from error
    return network


def _start(recipe: Recipe, network: AnyNetwork) -> Path:
    """The folder of the model that training starts from."""
    channels = network.description.channels if isinstance(network, Network) else None
    return locate(recipe.model.init, task=network.description.task, channels=channels).folder


def _earlier(recipe: Recipe, network: AnyNetwork, checkpoint: Checkpoint | None) -> str | None:
    """The card of the weights that training started from, if it started from some."""
    if not recipe.model.init:
        return None
    if checkpoint is not None and checkpoint.earlier is not None:  # the model may have gone
        return checkpoint.earlier
    card = _start(recipe, network) / CARD_FILE
    return card.read_text("utf-8") if card.is_file() else ""


def _checkpoint(recipe: Recipe, place: Place, world: World) -> Checkpoint | None:
    """The checkpoint to go on from, if that is wanted."""
    with explained(place.folder):
        checkpoint = _wanted_checkpoint(place)
    step = checkpoint.step if checkpoint else 0
    if world.largest(step, -step) != [step, -step]:
        raise ConfigError(
            "the processes find different checkpoints; give a folder that all machines share as "
            "--out"
        )
    if checkpoint is not None and (keys := differing(parse_recipe(checkpoint.recipe), recipe)):
        raise ConfigError(
            f"the checkpoint was made with other settings ({'; '.join(keys)}); resume with the "
            "same settings, or start a new run from its weights with --init "
            f"{place.folder / MODEL_FOLDER}"
        )
    return checkpoint


def _wanted_checkpoint(place: Place) -> Checkpoint | None:
    taken = has_checkpoint(place.folder)
    model = place.folder / MODEL_FOLDER
    modelled = (model / CONFIG_FILE).exists()
    if place.resume is None or (place.resume == "auto" and not taken):
        if taken:
            raise InputError(
                f"{place.folder} already has a run; continue it with --resume auto, or give "
                "another --out"
            )
        if modelled:
            raise InputError(
                f"{place.folder} has the model of a run, but no checkpoint to resume from; give "
                f"another --out (and --init {model} to start from that model), or delete {model}"
            )
        if place.resume:
            warnings.warn(
                f"{place.folder} has no checkpoint to resume from yet; starting a new run",
                N3Warning,
                stacklevel=2,
            )
        return None
    path = place.folder
    if place.resume != "auto":
        path = Path(os.path.expanduser(place.resume))  # noqa: PTH111 - it never fails
    inside = place.folder.resolve() in (path.resolve(), path.resolve().parent)
    if (taken or modelled) and not inside:
        raise InputError(
            f"{place.folder} already has another run than the one to resume; give another --out"
        )
    return resumed(path)

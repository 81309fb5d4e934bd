"""The training loop, from the first step to the last."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import torch

from n3cli.errors import InputError, N3Warning, TrainingError
from n3cli.networks.any_network import AnyNetwork
from n3cli.ops.precision import float32_as
from n3cli.training.checkpoint import Checkpoint, has_checkpoint, save_checkpoint
from n3cli.training.clock import end_of_steps, no_time
from n3cli.training.config import Recipe, RunSettings
from n3cli.training.distributed import World
from n3cli.training.ema import MovingAverage
from n3cli.training.graph import Graphed
from n3cli.training.interruption import interruptible, stop
from n3cli.training.log import Log
from n3cli.training.optimiser import Optimiser
from n3cli.training.precision import judging, to_judge, training_dtype
from n3cli.training.recipe import write_recipe
from n3cli.training.schedule import rate_factor
from n3cli.training.seed import Stream, mix
from n3cli.training.task import NetworkT, TargetT, Task


@dataclass(frozen=True)
class Outcome(Generic[NetworkT]):
    """What a run has come to.

    Attributes:
        network: with the averaged weights, in evaluation mode.
        step: steps done.
        crops: crops seen.
        seconds: wall clock spent.
        before: scores at the start.
        scores: the last ones.
        finished: whether the run is over.
    """

    network: NetworkT
    step: int
    crops: int
    seconds: float
    before: Mapping[str, float]
    scores: Mapping[str, float]
    finished: bool


def train(
    recipe: Recipe,
    task: Task[NetworkT, TargetT],
    network: NetworkT,
    folder: Path,
    log: Log | None,
    publish: Callable[[Outcome[NetworkT]], None],
    *,
    device: torch.device,
    world: World,
    begun: float,
    material: str,
    earlier: str | None = None,
    checkpoint: Checkpoint | None = None,
) -> Outcome[NetworkT]:
    """Train a network by a recipe.

    Args:
        recipe: what to do.
        task: gives batches, losses and scores.
        network: on the CPU, with the weights to start from.
        folder: where checkpoints go.
        log: None in a process that does not lead.
        publish: called in the process that leads at every checkpoint and at the end, there before
            the last validation and after it.
        device: where to compute.
        world: which process this is.
        begun: when the run began, as `time.monotonic` has it; its clock goes from there.
        material: digest of what it learns from.
        earlier: card of the weights that it starts from, if it starts from some.
        checkpoint: what to go on from; instead of the network's weights.

    Returns:
        What it has come to; without scores in a process that does not lead.

    Raises:
        TrainingError: the loss is not finite any more; the last good checkpoint is kept. Or the
            schedule's minutes leave no time for a step.
        KeyboardInterrupt, SystemExit: a signal came; the state after the step is saved.
        InputError: the model of the end cannot be written, or the checkpoint that a signal asked
            for; of others, a warning tells.
    """
    settings = recipe.run
    network.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    network.recompute = settings.recompute
    judged = to_judge(network, device)
    average = MovingAverage(network, settings.ema)
    optimiser = Optimiser(network, recipe.optimiser, device)
    dtype = training_dtype(settings.precision, device, network.description.dtypes)
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    step, crops, spent = 0, 0, 0.0
    if checkpoint is not None:
        step, crops, spent = checkpoint.step, checkpoint.crops, checkpoint.seconds
        network.load_state_dict(checkpoint.network)
        average.load_state(checkpoint.average)
        optimiser.load_state_dict(checkpoint.optimiser)
        scaler.load_state_dict(checkpoint.scaler)
    model = _callable(network, settings, device, world)

    begun -= spent

    def elapsed() -> float:
        return time.monotonic() - begun

    def say(event: str, **values: Any) -> None:
        if log is not None:
            log.write(event, step, crops=crops, seconds=elapsed(), **values)

    def validate() -> Mapping[str, float]:
        judged.load_state_dict(average.state, strict=False)
        with judging(device):
            scores = task.validate(judged)
        if scores:
            say("validation", **scores)
        if any(math.isnan(score) for score in scores.values()):
            raise TrainingError(_lost(step, folder))
        return scores

    def outcome() -> Outcome[NetworkT]:
        judged.load_state_dict(average.state, strict=False)
        return Outcome(judged, step, crops, elapsed(), before, scores, done >= 1)

    def keep() -> None:
        state = Checkpoint(
            recipe=write_recipe(recipe),
            step=step,
            crops=crops,
            seconds=elapsed(),
            network=network.state_dict(),
            average=average.state,
            optimiser=optimiser.state_dict(),
            scaler=scaler.state_dict(),
            before=dict(before),
            material=material,
            earlier=earlier,
        )
        say("checkpoint", file=save_checkpoint(folder, state).name)

    def save() -> None:
        check_finite(average, step, folder)
        if world.leads:
            for write in (keep, lambda: publish(outcome())):
                if failed := refused(write):
                    warnings.warn(f"{failed}; the run continues", N3Warning, stacklevel=2)

    def save_last() -> None:
        """The model first: it is smaller, and there is room for it where there is none for both."""
        check_finite(average, step, folder)
        if world.leads:
            unpublished, lost = refused(lambda: publish(outcome())), refused(keep)
            needed, other = (lost, unpublished) if signal else (unpublished, lost)
            if needed:
                raise needed
            if other:
                kept = "checkpoint" if signal else "model"
                warnings.warn(f"{other}; the {kept} is saved", N3Warning, stacklevel=2)

    total = torch.zeros((), device=device)  # of the losses since the last line of the log
    ready = elapsed()
    scores = validate() if world.leads else {}
    before = checkpoint.before if checkpoint is not None else scores
    validated = elapsed()
    minutes = recipe.schedule.minutes
    end = 0.0
    if minutes:
        end = end_of_steps(
            minutes, before=spent, ready=ready, validated=validated, validates=bool(scores)
        )

    def progress() -> float:
        if not minutes:
            return crops / recipe.schedule.crops
        return elapsed() / end if end > 0 else 1.0

    saved = since = elapsed()
    counted, seen, loading, done = 0, crops, 0.0, 0.0  # since that line, but for the part done
    with interruptible() as interruption, float32_as(dtype, device):
        while True:
            done, signal = world.largest(progress(), interruption.number)
            if done >= 1 and not step and not signal:
                if not world.leads:  # nor validates, so that it cannot tell
                    raise TrainingError(
                        "no time for a single step; see the error of another process"
                    )
                raise no_time(minutes, ready=ready, validated=validated, validates=bool(scores))
            if done >= 1 or signal:
                break

            torch.manual_seed(mix(settings.seed, step, Stream.LAYERS))
            asked = time.monotonic()
            with float32_as(torch.float32, device):
                inputs, target = task.batch(step, done)
            loading += time.monotonic() - asked
            with torch.autocast(
                device.type,
                dtype,
                enabled=dtype != torch.float32,
                cache_enabled=not isinstance(model, Graphed),  # weights cast in a graph stay in it
            ):
                output = model(*inputs)
            try:
                loss = task.loss(output.float(), target, inputs)
            # Of matrices that are not finite.
            except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
                raise TrainingError(_lost(step, folder)) from error
            scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            factor = rate_factor(recipe.schedule, step, done)
            norm = optimiser.step(factor, scaler)
            average.update(network, step)
            step += 1
            crops += recipe.data.crops(done)[0]
            total += loss.detach()
            counted += 1

            # All that needs the device to be waited for is done together.
            if step % settings.log_steps == 0:
                mean = world.mean(float(total) / counted)
                check_finite(average, step, folder)
                if not math.isfinite(mean) and scaler.get_scale() < 1:
                    # The scaler leaves out one step after another.
                    raise TrainingError(_lost(step, folder))
                now = elapsed()
                pace = now - since
                say(
                    "step",
                    loss=mean,
                    **{key: factor * rate for key, rate in optimiser.rates.items()},
                    gradient_norm=float(norm),
                    done=done,
                    crops_per_second=(crops - seen) / pace,
                    loading=loading / pace,
                )
                total.zero_()
                if world.leads and now - validated >= recipe.validation.minutes * 60:
                    scores = validate()
                    validated = elapsed()
                if now - saved >= settings.checkpoint_minutes * 60:
                    save()
                    saved = elapsed()
                counted, seen, loading, since = 0, crops, 0.0, elapsed()
        save_last()
    if stopped := int(signal) or interruption.number:
        stop(stopped)
    if world.leads:  # whoever stops it now loses the scores alone
        scores = validate()
        publish(outcome())
    return outcome()


def _callable(
    network: AnyNetwork, settings: RunSettings, device: torch.device, world: World
) -> Callable[..., torch.Tensor]:
    """What a step calls: the network, shared by processes, compiled or recorded."""
    model: Callable[..., torch.Tensor] = world.parallel(network, device)
    if settings.compile:
        if device.type == "cuda":
            warnings.warn(
                "with run.compile on a GPU, the loss of N3-UNet soon became non-finite; if that "
                "happens, leave run.compile out",
                N3Warning,
                stacklevel=3,
            )
        return torch.compile(model)
    alone = device.type == "cuda" and world.size == 1
    if settings.cuda_graphs and alone and not settings.recompute:
        return Graphed(network)
    return model


def refused(write: Callable[[], None]) -> InputError | None:
    """Write something; gives the error where that cannot be done."""
    try:
        write()
    except InputError as error:
        return error
    return None


def check_finite(average: MovingAverage, step: int, folder: Path) -> None:
    """Refuse to go on from a network that is lost.

    The average tells: a loss or a gradient that is not finite gets into the weights, except where
    a gradient scaler leaves such a step out.

    Raises:
        TrainingError: the averaged weights are not finite.
    """
    if not average.is_finite():
        raise TrainingError(_lost(step, folder))


def _lost(step: int, folder: Path) -> str:
    kept, start = "", ""
    if has_checkpoint(folder):
        kept = "; earlier checkpoints are kept, but resuming from them would end the same way"
        start = ", if you like from the folder model/ of this run (--init)"
    return (
        f"the loss is no longer finite (before step {step}){kept}. Start a new run with lower "
        f"learning rates (optimiser.rate, optimiser.muon_rate) or run.precision=fp32{start}"
    )

"""The command `n3 train`: a network from a recipe."""

from __future__ import annotations

import json
from pathlib import Path

import click

from n3cli.cli import options
from n3cli.errors import ConfigError


@click.command(
    epilog="\b\nExamples:\n"
    "  n3 train --list\n"
    "  n3 train photos --data ~/Pictures --minutes 15\n"
    "  n3 train denoise-n3unet-color --data datasets --set data.batch=16"
)
@click.argument("recipe", required=False)
@click.option("--list", "listing", is_flag=True, help="List the recipes that come with n3.")
@click.option("--show", is_flag=True, help="Print the whole recipe as TOML, without training.")
@click.option(
    "--set",
    "changes",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a setting of the recipe, such as data.batch=16; may be repeated.",
)
@click.option(
    "--minutes",
    type=options.number(0.05, 1e6),
    metavar="N",
    help="Fit the whole run into N minutes.  [default: as the recipe says]",
)
@click.option(
    "--init",
    metavar="MODEL",
    help="Start from the weights of this model, or from fresh ones with none.  [default: as the "
    "recipe says]",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the data sets or of your own pictures, whichever the recipe needs.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the log, the checkpoints and the model.  [default: runs/RECIPE]",
)
@click.option(
    "--resume",
    metavar="auto|PATH",
    help="Resume from the newest complete checkpoint in --out (auto), or from this one.",
)
@options.device
@click.option("--tensorboard", is_flag=True, help="Also write a log for TensorBoard.")
@options.quiet
@options.debug
def train(
    recipe: str | None,
    listing: bool,
    show: bool,
    changes: tuple[str, ...],
    minutes: float | None,
    init: str | None,
    data: Path | None,
    out: Path | None,
    resume: str | None,
    device: str,
    tensorboard: bool,
    quiet: bool,
) -> None:
    """Train a network from a recipe.

    RECIPE is the name of a recipe that comes with n3, or a .toml file. The finished model is in
    the folder model/ below --out; use it with `n3 denoise -m DIR/model`, or with the command for
    the task that it was trained for. Ctrl-C saves a checkpoint before it stops; --resume auto
    continues from there.
    """
    from n3cli.training.recipe import load_recipe, recipe_heading, recipe_names, write_recipe

    if listing:
        for name in recipe_names():
            click.echo(f"{name}\n" + "\n".join(f"    {x}" for x in recipe_heading(name)))
        return
    if recipe is None:
        raise ConfigError("no recipe given; `n3 train --list` shows those that come with n3")
    more = [f"schedule.minutes={minutes}"] if minutes is not None else []
    if init is not None:
        more.append(f"model.init={json.dumps('' if init == 'none' else init)}")
    settings = load_recipe(recipe, [*changes, *more])
    if show:
        click.echo(write_recipe(settings), nl=False)
        return

    from n3cli.cli.train_view import TrainView
    from n3cli.training.run import Place, run

    place = Place(out or Path("runs", Path(recipe).stem), data, resume, device, tensorboard)
    with TrainView(quiet=quiet) as view:
        model = run(settings, place, view.show, view.decoding)
    if model is not None:
        click.echo(model)

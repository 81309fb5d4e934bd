"""The command `n3 models`: what there is, where it lies, whether it is whole."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from n3cli.cli import complete, console, options
from n3cli.cli.adopt import adopt
from n3cli.errors import ModelError

if TYPE_CHECKING:
    from n3cli.zoo.config import ModelConfig
    from n3cli.zoo.folder import AnyModel
    from n3cli.zoo.locate import Location


def example(command: str) -> str:
    """The end of a help text; the backspace tells click to keep the lines as they are."""
    return f"\b\nExample:\n  {command}"


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog=example("n3 models list"))
def models() -> None:
    """List, show and check models.

    NAME is a name from `n3 models list`, a Hub id (org/name or org/name@revision), the folder of a
    model, or a file of other people's weights.
    """


@models.command("list", epilog=example("n3 models list"))
@as_json
def list_models(as_json: bool) -> None:
    """List the models that come with n3."""
    from n3cli.zoo.config import read_config
    from n3cli.zoo.layout import CONFIG_FILE
    from n3cli.zoo.locate import bundled

    rows = [_facts(read_config(path / CONFIG_FILE), path) for path in bundled().values()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _print_table(rows, ("name", "network", "sigma_max", "dtype", "megabytes"))


@models.command(epilog=example("n3 models info denoise-n3unet-gray"))
@click.argument("name", shell_complete=complete.model)
@as_json
def info(name: str, as_json: bool) -> None:
    """Show what a model is and how it runs.

    A short name that stands for a grey and a colour model shows both.
    """
    from n3cli.zoo.locate import locate_all

    found = [_all_facts(place) for place in locate_all(name)]
    if as_json:
        click.echo(json.dumps(found if len(found) > 1 else found[0], indent=2))
        return
    width = max(map(len, found[0]))
    tables = ("\n".join(f"{k:<{width}}  {_text(v)}" for k, v in each.items()) for each in found)
    click.echo("\n\n".join(tables))


def _all_facts(place: Location) -> dict[str, Any]:
    """What is known of a model."""
    from n3cli.networks import registry
    from n3cli.zoo.load import load_place

    model = load_place(place)
    # As it was trained: the loaded network has its batch norms folded away. In a file of other
    # people's they are merged already.
    trained = (
        model.network
        if place.path.is_file()
        else registry.build(model.config.network, model.config.options)
    )
    return {
        **_facts(model.config, place.path),
        "parameters": trained.parameter_count,
        "precisions": list(model.network.description.dtypes),
        **_form(model),
        "source": place.source,
    }


@models.command(epilog=example("n3 models path denoise-n3unet-gray"))
@click.argument("name", shell_complete=complete.model)
def path(name: str) -> None:
    """Print the folder (or file) of a model.

    Downloads the model if it is not on this machine.
    """
    from n3cli.zoo.locate import locate_all

    for place in locate_all(name):
        click.echo(place.path)


@models.command(epilog=example("n3 models verify"))
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.model)
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Check that models load and run.

    Loads each model strictly and tries it on a small image or a few correspondences. Without NAME,
    checks all models that come with n3. Exits with 3 if one fails.
    """
    from n3cli.zoo.load import load_place
    from n3cli.zoo.locate import bundled, locate_all
    from n3cli.zoo.verify import verify_model

    failed = False
    for name in names or bundled():
        try:
            for place in locate_all(name):
                verify_model(load_place(place))
        except ModelError as error:
            failed = True
            console.error(str(error))
            click.echo(f"FAILED {name}")
        else:
            click.echo(f"ok     {name}")
    if failed:
        ctx.exit(ModelError.exit_code)


@models.command(epilog=example("n3 models convert pretrained_sigma25.t7 -o denoise-n3net-gray-s25"))
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder to write the model to.",
)
@click.option(
    "--name",
    help="Full name of the model.  [default: the folder's name, if that is a full name]",
)
@options.overwrite
def convert(checkpoint: Path, folder: Path, name: str | None, overwrite: bool) -> None:
    """Convert a file of published weights to a model folder.

    Reads the N3Net authors' files, and DnCNN, FFDNet and IRCNN files as in KAIR and DPIR. No code
    in the file is run. The weights stay under their authors' terms; N3Net's are for non-commercial
    use.
    """
    from n3cli.zoo.file import convert_file

    model = convert_file(checkpoint, folder, name, overwrite=overwrite)
    click.echo(f"{folder}  {model.config.name}")


def _facts(config: ModelConfig, path: Path) -> dict[str, Any]:
    """What is known of a model without loading it."""
    from n3cli.zoo.layout import WEIGHTS_FILE

    weights = path if path.is_file() else path / WEIGHTS_FILE
    return {
        "name": config.name,
        "task": config.task,
        "network": config.network,
        "options": dict(config.options),
        "sigma_max": config.sigma_max,
        "dtype": config.dtype,
        "megabytes": round(weights.stat().st_size / 1e6, 2),
        "folder": str(path),
    }


def _form(model: AnyModel) -> dict[str, Any]:
    """What a model takes and gives."""
    from n3cli.zoo.folder import SetModel

    if isinstance(model, SetModel):
        return {"inputs": list(model.network.description.columns)}
    description = model.network.description
    return {
        "channels": description.channels,
        "sigma_input": description.sigma_input,
        "mosaic": description.mosaic,
        "scales": list(model.network.scales),
        "size_multiple": description.size_multiple,
        "size_minimum": description.size_minimum,
        "halos": [stage.halo for stage in model.network.stages],
        "exact_tiles": description.exact_tiles,
    }


def _print_table(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> None:
    """Print a table for people, or tab-separated lines for programs."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(_text(row[key]) for key in keys))
        return
    table = [keys, *([_text(row[key]) for key in keys] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:  # a narrow terminal breaks the lines: names stay whole for who copies them
        click.echo("  ".join(map(str.ljust, cells, widths)).rstrip())


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


models.add_command(adopt)

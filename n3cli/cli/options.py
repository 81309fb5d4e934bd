"""Options that several commands share, each written once, and the readers of their values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

from n3cli.cli import complete
from n3cli.errors import InputError
from n3cli.io.format import DNG, format_of
from n3cli.io.name import page_of

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


def number(
    low: float, high: float, *, auto: bool = False, above: bool = False
) -> Callable[[str], float | None]:
    """Make a reader of numbers in a closed range; click's own FloatRange lets NaN pass.

    Args:
        low: the smallest value.
        high: the largest value.
        auto: whether `auto` is a value, too; it becomes None.
        above: whether `low` itself is left out.
    """
    span = f"above {low:g}, up to {high:g}" if above else f"from {low:g} to {high:g}"
    wanted = f"a number {span}" + (" or auto" if auto else "")

    def read(text: str) -> float | None:
        if auto and text == "auto":
            return None
        try:
            value = math.nan if "_" in text else float(text)  # Python takes 1_0 for 10
        except ValueError:
            value = math.nan
        if not low <= value <= high or (above and value == low):
            raise click.BadParameter(f"{text!r} is not {wanted}.")
        return value

    return read


def data_folder(name: str) -> Decorator:
    """The option that names the folder of the data sets; the command gets it as `data`."""
    return click.option(
        name,
        "data",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the data sets.  [default: $N3_DATA, or else the cache folder]",
    )


def output(tag: str) -> Decorator:
    """The option that names the output; `tag` ends the names of default outputs."""
    return click.option(
        "-o",
        "--output",
        metavar="OUT",
        shell_complete=complete.path,
        help="Output file, folder (one that exists, or a name that ends with a slash), or - for "
        f"standard output.  [default: beside the input: photo_{tag}.png for photo.png]",
    )


def compare(tag: str) -> Decorator:
    """The option ``--compare``, which names the page of a result that ends with `tag`."""
    return click.option(
        "--compare",
        is_flag=True,
        help="Also write an HTML page with a before/after slider beside each output, for example "
        f"{page_of(Path(f'photo_{tag}.png'))}.",
    )


def _crop(text: str) -> tuple[int, ...]:
    numbers = re.fullmatch(r"([0-9]{1,9}),([0-9]{1,9}),([1-9][0-9]{0,8}),([1-9][0-9]{0,8})", text)
    if numbers is None:
        raise click.BadParameter(f"{text!r} is not X,Y,W,H in whole pixels, such as 0,0,640,480.")
    return tuple(map(int, numbers.groups()))


def _tile(text: str) -> str | int:
    if text in ("auto", "off"):
        return text
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise click.BadParameter(f"{text!r} is not auto, off or a number of pixels.")
    return int(text)


def _device(text: str) -> str:
    # Whether it is there shows when it is used.
    if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:[0-9]{1,3})?", text):
        raise click.BadParameter(f"{text!r} is not auto, cpu, cuda, cuda:N, mps or xpu.")
    return text


def _format(text: str) -> str:
    try:
        return format_of(Path(f"picture.{text.lower().removeprefix('.')}"))
    except InputError as error:
        # What the message says behind the file's name is as true of the option.
        raise click.BadParameter(str(error).partition(": ")[2]) from error


def _format_or_dng(text: str) -> str:
    return DNG if text.lower().removeprefix(".") == DNG else _format(text)


def _remember_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    # The object is shared by the group and its command: either may be given the option.
    if value:
        ctx.ensure_object(dict)["debug"] = True


def debugging(ctx: click.Context) -> bool:
    """Whether `--debug` was given."""
    return "debug" in ctx.ensure_object(dict)


def given(ctx: click.Context) -> dict[str, str]:
    """The options that the command line has: their names in code, and as people write them."""
    default = click.core.ParameterSource.DEFAULT
    return {
        str(each.name): each.opts[0]
        for each in ctx.command.params
        if isinstance(each, click.Option) and ctx.get_parameter_source(each.name) is not default
    }


debug: Decorator = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember_debug,
    help="Show a traceback with each error.",
)
model: Decorator = click.option(
    "-m",
    "--model",
    metavar="MODEL",
    shell_complete=complete.model,
    help="Model to use: a name, folder, file or Hub id (org/name[@rev]).  [default: a bundled "
    "model]",
)
device: Decorator = click.option(
    "--device",
    type=_device,
    metavar="auto|cpu|cuda[:N]|mps|xpu",
    default="auto",
    show_default=True,
    help="Device to compute on.",
)
precision: Decorator = click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16", "fp16"]),
    default="auto",
    show_default=True,
    help="Number format to compute in.",
)
tile: Decorator = click.option(
    "--tile",
    type=_tile,
    metavar="auto|off|N",
    default="auto",
    show_default=True,
    help="Longest side of a tile, in pixels. It affects memory use and speed, not the result.",
)
tta: Decorator = click.option(
    "--tta",
    is_flag=True,
    help="Test-time augmentation: average the results for 8 flips and quarter turns. Slightly "
    "better, but takes 8 times as long, and memory must hold the picture and 12 bytes for each RGB "
    "pixel of the result.",
)
crop: Decorator = click.option(
    "--crop",
    type=_crop,
    metavar="X,Y,W,H",
    help="Keep only this part: left, top, width and height in pixels of the file.",
)
data: Decorator = data_folder("--data")
recursive: Decorator = click.option(
    "-r",
    "--recursive",
    is_flag=True,
    help="Include subfolders; -o FOLDER/ mirrors their structure.",
)
overwrite: Decorator = click.option(
    "-y", "--overwrite", is_flag=True, help="Replace outputs that already exist."
)
skip_existing: Decorator = click.option(
    "--skip-existing",
    is_flag=True,
    help="Skip inputs whose outputs already exist, to resume a batch.",
)
keep_times: Decorator = click.option(
    "--keep-times",
    is_flag=True,
    help="Give each output the modification time of its input.",
)
quality: Decorator = click.option(
    "--quality",
    type=click.IntRange(1, 100),
    default=95,
    show_default=True,
    help="Quality of JPEG, WebP and AVIF output.",
)
picture_format: Decorator = click.option(
    "--format",
    type=_format,
    metavar="png|jpeg|tiff|…",
    help="Output format.  [default: by the output's suffix, or else the input's format]",
)
picture_or_dng: Decorator = click.option(
    "--format",
    type=_format_or_dng,
    metavar="png|jpeg|tiff|dng|…",
    help="Output format.  [default: by the output's suffix, or else the input's format, which for "
    "camera raw is dng]",
)
dry_run: Decorator = click.option(
    "--dry-run",
    "dry",
    is_flag=True,
    help="Print what would be written for each file, without reading pictures or writing anything.",
)
json_rows: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print one line of JSON for each file."
)
quiet: Decorator = click.option(
    "-q", "--quiet", is_flag=True, help="Show only warnings and errors."
)
verbose: Decorator = click.option(
    "-v", "--verbose", is_flag=True, help="Show more details for each file."
)

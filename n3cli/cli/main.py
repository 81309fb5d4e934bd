"""The command `n3`: a table of commands that are loaded when called, and one place for errors."""

from __future__ import annotations

import difflib
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from n3cli.cli import console, options
from n3cli.errors import DeviceError, MissingWeightsError, N3Error

# A command is one file in this folder and one line here: where it is, and what `n3 --help` says.
COMMANDS = {
    "denoise": ("n3cli.cli.denoise:denoise", "Remove noise from images."),
    "upscale": ("n3cli.cli.upscale:upscale", "Enlarge images."),
    "fit-noise": ("n3cli.cli.fit_noise:fit_noise", "Measure the noise of cameras from raw files."),
    "match": ("n3cli.cli.match:match", "Match pictures and find how the camera moved."),
    "train": ("n3cli.cli.train:train", "Train networks from recipes."),
    "models": ("n3cli.cli.models:models", "List, show and check models."),
    "fetch-data": ("n3cli.cli.fetch_data:fetch_data", "Download data sets."),
    "bench": ("n3cli.cli.bench:bench", "Measure quality and speed."),
}

_BROKEN_PIPE = 141
"""The code where who read us has gone, as shells give it for SIGPIPE; there is nothing to say."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, not to list it.

    Click's own group loads every command to print its help, and torch with it.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command, or None where the table has no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table's short texts."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the one that was probably meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            nearest = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = (
                f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(COMMANDS)}."
            )
            ctx.fail(f"No such command {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the options before the command; some print and end."""
        with _piped():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _piped():
            return super().invoke(ctx)

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> int:
        """Run the command line; turn whatever is raised for people into one line and a code.

        Exits with the code, or returns it where `standalone_mode` is off.
        """
        shared: dict[str, bool] = {}
        with warnings.catch_warnings():
            console.show_warnings()
            try:
                code = super().main(args, prog_name, standalone_mode=False, obj=shared, **extra)
                if not code:
                    sys.stdout.flush()  # what cannot be written shows now, not when Python ends
            except Exception as error:
                code = _tell(error, debug="debug" in shared)
        _drop_stuck_output()
        if standalone_mode:
            sys.exit(code)
        return code or 0


@contextmanager
def _piped() -> Iterator[None]:
    """Give a broken pipe its code; click itself would end the process with 1."""
    try:
        yield
    except BrokenPipeError as error:
        raise click.exceptions.Exit(_BROKEN_PIPE) from error


def _tell(error: Exception, *, debug: bool) -> int:
    """Show an error that is meant for people and give its exit code; raise any other."""
    match error:
        case N3Error():
            if debug:
                traceback.print_exception(error)
            console.error(f"{error}{_way_to_weights(error)}", error.steps)
            return error.exit_code
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else "n3"
            console.error(f"{error.format_message()} (see {where} --help)")
            return error.exit_code
        case MemoryError() | RuntimeError() if _is_out_of_memory(error):
            reason = str(error).partition("\n")[0].partition(". ")[0]
            told = f"not enough memory ({reason})" if reason else "not enough memory"
            console.error(f"{told}; close other programs and try again")
            return DeviceError.exit_code
        case click.Abort():  # Ctrl-C
            console.error("interrupted")
            return 130
        case BrokenPipeError():
            return _BROKEN_PIPE
        case OSError() if _output_is_stuck():
            console.error(f"standard output: {error.strerror}")
            return 1
        case _:
            raise error


def _is_out_of_memory(error: Exception) -> bool:
    if "torch" not in sys.modules:  # whose errors are meant; Ctrl-C comes by here, too
        return isinstance(error, MemoryError)
    from n3cli.inference.memory import is_out_of_memory

    return is_out_of_memory(error)


def _way_to_weights(error: N3Error) -> str:
    """Which recipes would train the model that an error misses."""
    if not isinstance(error, MissingWeightsError):
        return ""
    from n3cli.training.recipe import recipes_for

    first, *others = (f"`n3 train {name}`" for name in recipes_for(error.name)[:3] or ["--list"])
    ways = " or ".join([first, *others])
    return f" To train it: {ways}; then -m runs/RECIPE/model."


def _output_is_stuck() -> bool:
    """Whether standard output takes no more, told by an empty line: the error does not say."""
    try:
        print(flush=True)
    except OSError:
        return True
    return False


def _drop_stuck_output() -> None:
    """Forget what standard output does not take; else Python would complain of it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        console.drop(sys.stdout)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:\n  n3 denoise photo.jpg",
)
@click.version_option(package_name="n3cli", prog_name="n3", message="%(prog)s %(version)s")
@options.debug
def n3() -> None:
    """Denoise, enlarge and match images with neural nearest neighbours (N3)."""

"""The errors that reach people.

Each carries the exit code of the command line, and a message that says what was wrong, what was
given and what to do next. Anything else that escapes is a bug and shows its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class N3Error(Exception):
    """Base of every error that is meant for the user.

    Args:
        message: one line.
        steps: what to do, a line each, where it is more than a word.

    Attributes:
        exit_code: what the process exits with when this error ends it.
        steps: as given.
    """

    exit_code = 1

    def __init__(self, message: str, steps: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.steps = tuple(steps)


class InputError(N3Error):
    """An input cannot be read, or an output cannot or may not be written."""

    exit_code = 1


class ExistingError(InputError):
    """An output exists, and may not be replaced."""


class OutputError(N3Error):
    """The one file that takes the results of a batch cannot be written any more: the batch ends."""

    exit_code = 1


class ConfigError(N3Error):
    """A setting, an option or an argument has no meaning (wrong usage)."""

    exit_code = 2


class ModelError(N3Error):
    """A model is unknown, damaged, unsuitable for the task, or cannot be downloaded."""

    exit_code = 3


class MissingWeightsError(ModelError):
    """No weights come with n3 of a network that it has, and they could not be downloaded.

    Attributes:
        name: full zoo name of the model that was asked for.
    """

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class DataError(N3Error):
    """A data set is missing, damaged or cannot be downloaded."""

    exit_code = 3


class DeviceError(N3Error):
    """A compute device is absent, or its memory does not suffice."""

    exit_code = 4


class ToleranceError(N3Error):
    """A benchmark missed the value that it was held against."""

    exit_code = 5


class TrainingError(N3Error):
    """A training run cannot go on: its loss is not finite, or it has no time for a step."""

    exit_code = 1


class N3Warning(UserWarning):
    """Something the user should know that does not stop the work."""

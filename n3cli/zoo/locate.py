"""Where a model lies: a given path, then the models that come with n3, then the Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from n3cli.errors import MissingWeightsError, ModelError
from n3cli.zoo import hub
from n3cli.zoo.layout import CONFIG_FILE, FILE_SUFFIXES, MODEL_FOLDER, WEIGHTS_FILE, check_files
from n3cli.zoo.names import DEFAULTS, PATTERN, VARIANTS, complete_name, unknown_name

PACKAGE = Path(__file__).resolve().parents[1]

# In a source tree the sibling folder comes first: an editable install has a copy in `_models`
# too, which goes stale.
BUNDLES = (PACKAGE.parent / "models", PACKAGE / "_models")


@dataclass(frozen=True)
class Location:
    """A model on this machine.

    Attributes:
        path: a folder of config.json and model.safetensors, or a file of other people's weights.
        source: what the person would call it: the path or the Hub id.
    """

    path: Path
    source: str

    @property
    def folder(self) -> Path:
        """The folder, for those to whom a file is not enough.

        Raises:
            ModelError: it is a file.
        """
        if self.path.is_file():
            raise ModelError(
                f"{self.source} is a file of weights, but this needs the folder of a model; for "
                f"some networks, `n3 models convert {self.source} -o FOLDER` makes one."
            )
        return self.path


def bundled() -> dict[str, Path]:
    """Return the folders of the models that come with n3, by full zoo name."""
    for bundle in BUNDLES:
        if found := {path.parent.name: path.parent for path in bundle.glob(f"*/{WEIGHTS_FILE}")}:
            return dict(sorted(found.items()))
    return {}


def find_task(name: str) -> str:
    """The task that completes a short name: that of a bundled model, or of the network.

    A path, or a name that nobody knows, gets the first task.
    """
    # Heavy, and needed for few names.
    from n3cli.networks import registry

    first, *others = DEFAULTS
    for task in (first, *others):
        try:
            full = complete_name(name, task=task, channels=3)
            if full in bundled():
                return full.partition("-")[0]
        except ModelError:
            return first
    network = complete_name(name, task=first, channels=3).split("-")[1]
    return registry.build(network, {}).description.task if network in registry.names() else first


def locate(name: str | Path, *, task: str, channels: int | None = None) -> Location:
    """Find a model, downloading it where it is not on this machine.

    Args:
        name: a path of a model's folder, a run's folder or a file of weights, a Hub id
            (``org/name`` or ``org/name@revision``), a full zoo name or a short one (see
            `names.complete_name`).
        task: completes a short name.
        channels: planes of the image, complete a short name.

    Raises:
        ModelError: there is no such model, a file of it is missing, or it cannot be downloaded.
    """
    path = _expanded(Path(name))
    is_file = path.suffix.lower() in FILE_SUFFIXES or (path.suffix and path.is_file())
    if isinstance(name, Path) or (path / CONFIG_FILE).is_file() or is_file:
        return _given(path)
    if "/" in name or "\\" in name:
        hub_id = None if path.exists() else hub.parse_id(name)
        return _given(path) if hub_id is None else _of_others(hub_id)
    try:
        full = complete_name(name, task=task, channels=channels)
    except ModelError:
        if path.is_dir():
            return _given(path)
        for whole in _completed(name, task):  # without the network, the image does not matter
            _check_network(whole)
        raise
    if folder := bundled().get(full):
        return Location(folder, str(folder))
    return _given(path) if path.is_dir() else _published(full)


def locate_all(name: str) -> list[Location]:
    """Find what a name stands for where no image says which: short ones are for grey and colour.

    Raises:
        ModelError: see `locate`.
    """
    task = find_task(name)
    names = _completed(name, task)
    if len(names) > 1 and (found := [each for each in names if each in bundled()]):
        return [locate(each, task=task) for each in found]
    return [locate(name, task=task)]


def _completed(name: str, task: str) -> list[str]:
    """The full names that a name can mean, whatever the image; none where it can be no name."""
    try:
        full = [complete_name(name, task=task, channels=channels) for channels in VARIANTS]
    except ModelError:
        return []
    return list(dict.fromkeys(full))


def _of_others(hub_id: hub.HubId) -> Location:
    """Download what other people published; the id may have been meant for a folder."""
    try:
        return Location(hub.download(hub_id), str(hub_id))
    except ModelError as error:
        if hub_id.revision:
            raise
        raise ModelError(f"no folder {hub_id} here; {error}") from error


def _expanded(path: Path) -> Path:
    """The path with ``~`` resolved, if it can be a path at all."""
    try:
        path = path.expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(f"{str(path)[:80]!r} is neither a model nor a path ({error}).") from error
    return path


def _published(name: str) -> Location:
    """Download a model that the zoo publishes but n3 does not bring along."""
    from n3cli.networks import registry  # heavy, and needed for few names

    parts = _check_network(name)
    network = parts["network"]
    kin = [model for model in bundled() if model.split("-")[1] == network]
    able = registry.build(network, {}).description.task
    if parts["task"] != able:
        raise unknown_name(name, kin, f"{network} is for the task {able}, not {parts['task']}.")
    hub_id = hub.zoo_id(name)
    try:
        return Location(hub.download(hub_id), str(hub_id))
    except ModelError as error:
        if kin:
            raise unknown_name(name, kin, f"it does not come with n3. {error}") from error
        reason = f"no weights of {network} come with n3: give the path of a folder or file. {error}"
        raise MissingWeightsError(str(unknown_name(name, kin, reason)), name) from error


def _check_network(name: str) -> re.Match[str]:
    """The parts of a full name whose network this n3 has; others spare the way to the Hub.

    Raises:
        ModelError: it has not.
    """
    from n3cli.networks import registry

    parts = PATTERN.fullmatch(name)
    if parts is None or parts["network"] not in registry.names():
        known = ", ".join(registry.names())
        raise unknown_name(name, bundled(), f"this n3 has the networks {known}.")
    return parts


def _given(path: Path) -> Location:
    if not (path / CONFIG_FILE).exists() and (path / MODEL_FOLDER / CONFIG_FILE).is_file():
        path /= MODEL_FOLDER
    if path.is_file():
        if path.name == WEIGHTS_FILE and (path.parent / CONFIG_FILE).exists():
            raise ModelError(f"{path} is a file in the folder of a model: give the folder.")
        return Location(path, str(path))
    if not path.is_dir():
        raise ModelError(
            f"{path}: no such folder or file. Give the folder of a model, a file of weights, a Hub "
            "id such as org/name, or a name from `n3 models list`."
        )
    check_files(path)
    return Location(path, str(path))

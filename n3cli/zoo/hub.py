"""Models from the Hugging Face Hub, through its own cache.

`HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` are honoured. The client library reads
them when it is imported, and it is slow to import: both are reasons to import it only inside the
functions.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from n3cli.errors import ModelError
from n3cli.zoo.layout import CONFIG_FILE, WEIGHTS_FILE

NAMESPACE: Final = "n3cli"
"""Where zoo names that do not come with n3 are looked up; `N3_HUB_NAMESPACE` overrides it."""

_PROBE_TIMEOUT: Final = 4
"""Seconds that the Hub has to answer at all."""

_ID: Final = re.compile(
    r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>\w[\w.-]*(?:/\w[\w.-]*)*))?", re.ASCII
)


@dataclass(frozen=True)
class HubId:
    """A repository on the Hub, and which state of it: a branch, a tag or a commit."""

    repo: str
    revision: str | None = None

    def __str__(self) -> str:
        return self.repo if self.revision is None else f"{self.repo}@{self.revision}"


def parse_id(text: str) -> HubId | None:
    """Return the Hub id ``org/name`` or ``org/name@revision``, None where `text` is neither."""
    match = _ID.fullmatch(text)
    return HubId(match["repo"], match["revision"]) if match else None


def zoo_id(name: str) -> HubId:
    """Return the Hub id under which the zoo publishes the model `name`.

    Raises:
        ModelError: the namespace that the environment gives cannot be one.
    """
    namespace = os.environ.get("N3_HUB_NAMESPACE") or NAMESPACE
    if (hub_id := parse_id(f"{namespace}/{name}")) is None:
        raise ModelError(f"N3_HUB_NAMESPACE must be a name on the Hub, not {namespace!r}.")
    return hub_id


def download(hub_id: HubId) -> Path:
    """Return the folder of a model from the Hub, downloading what is not cached.

    Raises:
        ModelError: there is no such model, it may not be had, it cannot be reached, or what came
            is not what the Hub has.
    """
    folder = _download_file(hub_id, CONFIG_FILE).parent
    # Of the same commit, even when the branch moves between two requests. The cache has one folder
    # for each commit, named after it.
    _download_file(HubId(hub_id.repo, folder.name), WEIGHTS_FILE)
    return folder


def _download_file(hub_id: HubId, file: str) -> Path:
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    try:
        with _quiet():
            cached = try_to_load_from_cache(hub_id.repo, file, revision=hub_id.revision)
            if not isinstance(cached, str):
                _reach()
            path = Path(hf_hub_download(hub_id.repo, file, revision=hub_id.revision))
    # Which HTTP library raises what below the client differs between the client's versions.
    except Exception as error:
        raise ModelError(f"{hub_id} on the Hub: {_explain(error, hub_id, file)}") from error
    _verify(path, hub_id)
    return path


def _reach() -> None:
    """Ask the Hub for anything, so that one out of reach shows at once.

    The client itself would try six times, with growing waits; that number cannot be set.
    """
    from huggingface_hub import constants, errors, get_session

    if constants.HF_HUB_OFFLINE:
        return
    try:
        get_session().head(constants.ENDPOINT, timeout=_PROBE_TIMEOUT)
    except Exception as error:
        raise errors.LocalEntryNotFoundError(str(error)) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client's own messages back: what matters of them is in our error."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _verify(path: Path, hub_id: HubId) -> None:
    """Compare a cached file with the digest that the Hub gave for it.

    The client checks sizes only. The cache names the contents of a file after its ETag, which is
    the SHA-256 of a large file and the git hash of a small one. A cache on a file system without
    symbolic links keeps no ETag; there the size has to do.
    """
    if not path.is_symlink():
        return
    wanted = path.readlink().name
    content = path.read_bytes()
    if len(wanted) == hashlib.sha256().digest_size * 2:
        found = hashlib.sha256(content).hexdigest()
    elif len(wanted) == hashlib.sha1().digest_size * 2:
        found = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    else:
        return
    if found != wanted:
        path.resolve().unlink()
        path.unlink()
        raise ModelError(
            f"{hub_id} on the Hub: {path.name} does not match its checksum (should be {wanted}, "
            f"is {found}). The damaged copy was deleted; try again."
        )


def _explain(error: Exception, hub_id: HubId, file: str) -> str:
    """Say what went wrong with a download, and what to do about it."""
    from huggingface_hub import constants, errors

    page = f"{constants.ENDPOINT}/{hub_id.repo}"
    if isinstance(error, errors.GatedRepoError):
        return f"access is restricted. Accept its terms at {page}, then set HF_TOKEN or log in."
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"{page} does not exist, or is private (then set HF_TOKEN or log in)."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"the repository has no branch, tag or commit {hub_id.revision!r}."
    if isinstance(error, errors.LocalEntryNotFoundError):
        cause = error.__cause__ or error
        if isinstance(cause, errors.OfflineModeIsEnabled):
            return (
                f"{file} is not in the cache ({constants.HF_HUB_CACHE}), and HF_HUB_OFFLINE "
                "forbids a download. Go online once, or give the path of a folder."
            )
        return f"{constants.ENDPOINT} cannot be reached ({cause}), and {file} is not in the cache."
    if isinstance(error, errors.EntryNotFoundError):
        return f"the repository has no {file}, so it is not a model for n3."
    return f"the download of {file} failed ({error or type(error).__name__})."

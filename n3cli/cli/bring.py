"""A data set that a command needs: found, or fetched first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from n3cli.errors import DataError

if TYPE_CHECKING:
    from n3cli.data.catalog import DataSet
    from n3cli.data.fetch.state import State


def brought(dataset: DataSet, data: Path | None, *, offline: bool) -> tuple[DataSet, list[Path]]:
    """The images of a data set; what is missing is downloaded first, where it can be.

    Args:
        dataset: which set.
        data: the folder that the user named, if any.
        offline: whether downloads are forbidden.

    Returns:
        The set, or its stand-in where only that is there; its images in sorted order.

    Raises:
        DataError: it is absent, and cannot or must not be downloaded.
    """
    from n3cli.data.location import list_images, locate_root, present_form
    from n3cli.data.published.index import COLLECTIONS

    present = present_form(dataset, data)
    try:
        return present, list_images(present, data)
    except DataError:
        if offline or present.collection not in COLLECTIONS:
            raise
    root, _ = locate_root(data)
    bring_collection(present.collection, root)
    return present, list_images(present, data)


def bring_collection(name: str, root: Path) -> None:
    """Download what is missing of a collection, its terms and size shown first.

    Args:
        name: of the collection.
        root: the folder of the data sets.

    Raises:
        DataError: it cannot be downloaded, or did not come whole.
    """
    from n3cli.cli.fetch_view import describe
    from n3cli.data.fetch.bring import not_to_be_fetched
    from n3cli.data.fetch.state import inspect
    from n3cli.data.published.index import COLLECTIONS

    state = inspect(COLLECTIONS[name], root)
    title = state.collection.title
    if state.collection.by_hand:
        raise not_to_be_fetched(state, f"{title} not found in {state.folder}.")
    describe(state)
    if not bring(state, None, quiet=False):
        raise DataError(
            f"{title} is incomplete; run the command again to continue, or take it from elsewhere "
            f"with n3 fetch-data {name} --from"
        )


def bring(state: State, source: str | None, quiet: bool) -> bool:
    """Fetch what is missing of a collection, and say what came of it.

    Returns:
        Whether it is whole now.
    """
    from n3cli.cli import fetch_view
    from n3cli.data.fetch import bring as data

    troubles: list[str | DataError] = [
        f"{state.target(file)}: differs from the published file and is kept; move it away to fetch "
        "the published one"
        for file in state.different
    ]
    try:
        troubles += data.bring(
            state, source, lambda title, size: fetch_view.progress(title, size, quiet)
        )
    except DataError as error:
        troubles.append(error)
    fetch_view.show_troubles(state, troubles)
    return not troubles

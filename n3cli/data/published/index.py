"""All collections that the program knows, by name."""

from __future__ import annotations

from difflib import get_close_matches

from n3cli.data.published.collection import Collection
from n3cli.data.published.listed import LISTED
from n3cli.data.published.packed import PACKED
from n3cli.errors import ConfigError

COLLECTIONS = {collection.name: collection for collection in (*LISTED, *PACKED)}


def find_collection(name: str) -> Collection:
    """The collection of that name.

    Raises:
        ConfigError: there is none.
    """
    wanted = name.lower()
    if wanted in COLLECTIONS:
        return COLLECTIONS[wanted]
    nearest = get_close_matches(wanted, COLLECTIONS, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are: {', '.join(COLLECTIONS)}"
    raise ConfigError(f"no data set is called {name!r}; {hint}")

"""Sequences whose items are made when they are asked for, and not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

Key = TypeVar("Key")
Item = TypeVar("Item", covariant=True)


class Made(Sequence[Item], Generic[Key, Item]):
    """Items made of keys.

    Args:
        make: key → item.
        keys: one for each item.
    """

    def __init__(self, make: Callable[[Key], Item], keys: Sequence[Key]) -> None:
        self._make, self._keys = make, keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Made[Key, Item]: ...

    def __getitem__(self, index: int | slice) -> Item | Made[Key, Item]:
        """One item, or a part of the sequence."""
        if isinstance(index, slice):
            return Made(self._make, self._keys[index])
        return self._make(self._keys[index])

    def __iter__(self) -> Iterator[Item]:  # an IndexError while making is no end
        return map(self._make, self._keys)

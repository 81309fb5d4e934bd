"""Pairs of views whose cameras are known, as others publish them."""

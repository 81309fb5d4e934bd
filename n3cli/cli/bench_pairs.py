"""The part of `n3 bench` that measures on correspondences: what is asked for, found and run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from n3cli.cli import console
from n3cli.cli.bench_asked import Asked

if TYPE_CHECKING:
    from n3cli.bench.pair_measurement import PairMeasurement
    from n3cli.bench.pair_method import PairMethod
    from n3cli.data.pairs.pair import Pair
    from n3cli.data.pairs.pair_set import PairScene, PairSource


def prepare_pairs(asked: Asked) -> Callable[[Callable[[str], None]], Iterator[PairMeasurement]]:
    """Find everything that suites of correspondences need.

    Args:
        asked: what.

    Returns:
        What measures, scene by scene; it is told where progress goes.

    Raises:
        ConfigError: there is no such method.
        DataError, ModelError, DeviceError: something is missing.
    """
    from n3cli.bench.pair_measurement import measure_pairs
    from n3cli.bench.pair_pose import make_pose_errors
    from n3cli.data.pairs.pair_set import PAIR_SETS

    methods = _methods(asked)
    scenes = [(name, scene) for name in asked.names for scene in _brought(PAIR_SETS[name], asked)]
    estimators = make_pose_errors()

    def measure(name: str, scene: PairScene, progress: Callable[[str], None]) -> PairMeasurement:
        rest = islice(scene.pairs(), asked.images)
        first = list(islice(rest, 1))
        able = _able(methods, scene.title, first, asked)
        return measure_pairs(name, scene.title, chain(first, rest), able, estimators, progress)

    return lambda progress: (measure(name, scene, progress) for name, scene in scenes)


def at_hand(asked: Asked) -> tuple[str, ...]:
    """The suites of correspondences of the N3Net paper whose data is here; of others it is said.

    They are several gigabytes, from addresses that nobody has checked: too much to fetch unasked.
    """
    from n3cli.bench.suite import PAIRS_IN_PAPER
    from n3cli.data.location import locate_root
    from n3cli.data.pairs.pair_set import PAIR_SETS

    root, _ = locate_root(asked.data)
    found = [name for name in PAIRS_IN_PAPER if (root / PAIR_SETS[name].folder).is_dir()]
    for name in PAIRS_IN_PAPER:
        if name not in found:
            collection = PAIR_SETS[name].collection
            console.line(
                f"paper: without {name}, whose data is not here; to fetch it: n3 fetch-data "
                f"{collection} --dir {root}"
            )
    return tuple(found)


def _methods(asked: Asked) -> list[PairMethod]:
    """The filters and models that are asked for; the default model unless something is."""
    from n3cli.bench.pair_method import make_classifiers, make_filters

    models: Sequence[str | None] = asked.models or ((None,) if _is_bare(asked) else ())
    return [*make_filters(asked.peers), *make_classifiers(models, asked.device)]


def _able(
    methods: list[PairMethod], title: str, first: Sequence[Pair], asked: Asked
) -> list[PairMethod]:
    """The methods that can judge a scene's data, as its first pair shows it, if there is one.

    All, where none can and they were asked for. Not every dump says ratios and mutual flags, which
    the default model wants.
    """
    from n3cli.bench.pair_method import make_classifiers
    from n3cli.inference.match.classifier import POINTS_ALONE

    able = [each for each in methods if all(map(each.can_judge, first))]
    unable = [each.name for each in methods if each not in able]
    if not unable or not (able or _is_bare(asked)):
        return methods
    able = able or make_classifiers((POINTS_ALONE,), asked.device)
    console.line(
        f"{title}: without {', '.join(unable)}, as the data has no ratios and mutual flags; "
        f"measured: {', '.join(each.name for each in able)}"
    )
    return able


def _is_bare(asked: Asked) -> bool:
    return not (asked.models or asked.peers)


def _brought(source: PairSource, asked: Asked) -> Sequence[PairScene]:
    """The scenes of a set; what can be downloaded is, where it is absent."""
    from n3cli.cli.bring import bring_collection
    from n3cli.data.location import locate_root

    root, _ = locate_root(asked.data)
    absent = bool(source.collection) and not (root / source.folder).is_dir()
    if absent and not asked.offline:
        bring_collection(source.collection, root)
    return source.find(root).scenes

"""All that one run measured as one document: text, Markdown, or JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from n3cli.bench import pair_report, report
from n3cli.bench.measurement import Measurement
from n3cli.bench.pair_measurement import PairMeasurement
from n3cli.inference.machine import Machine, write_machine


def write_json(
    images: Sequence[Measurement], pairs: Sequence[PairMeasurement], machine: Machine
) -> dict[str, Any]:
    """Everything, as plain dicts and lists: the machine, and an entry for each suite.

    What is not a finite number is None, for JSON has no word for it: the PSNR of what is restored
    without error, the recall where nothing is right, the error of a pose that was not found.

    Args:
        images: what was measured on images.
        pairs: what was measured on correspondences.
        machine: on what.
    """
    suites = [*map(report.suite_json, images), *map(pair_report.suite_json, pairs)]
    return {"machine": asdict(machine), "suites": _finite(suites)}


def _finite(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {name: _finite(value) for name, value in facts.items()}
    if isinstance(facts, list):
        return [_finite(value) for value in facts]
    return None if isinstance(facts, float) and not math.isfinite(facts) else facts


def write_text(
    images: Sequence[Measurement],
    pairs: Sequence[PairMeasurement],
    machine: Machine,
    *,
    markdown: bool,
) -> str:
    """The tables of each suite, then the methods, the protocols and the machine.

    Args:
        images: what was measured on images.
        pairs: what was measured on correspondences.
        machine: on what.
        markdown: tables and headings as Markdown, else aligned text.
    """
    blocks = [report.suite_text(each, markdown=markdown) for each in images]
    blocks += [pair_report.suite_text(each, markdown=markdown) for each in pairs]
    blocks.append("\n".join(["Methods:", "", *(f"- {note}" for note in notes(images, pairs))]))
    return "\n\n".join([*blocks, *protocols(images, pairs), write_machine(machine)])


def notes(images: Sequence[Measurement], pairs: Sequence[PairMeasurement]) -> list[str]:
    """How each method was run, each way once."""
    found = [f"{row.method.name}: {row.method.note}" for each in images for row in each.rows]
    found += [f"{row.method.name}: {row.method.note}" for each in pairs for row in each.rows]
    return list(dict.fromkeys(found))


def protocols(images: Sequence[Measurement], pairs: Sequence[PairMeasurement]) -> list[str]:
    """The rules that were followed, each once, with the suites that they are of if they differ."""
    named = [(each.suite.name, each.suite.task.protocol) for each in images]
    named += [(each.suite, pair_report.PROTOCOL) for each in pairs]
    suites: dict[str, list[str]] = {}
    for name, text in named:
        if name not in suites.setdefault(text, []):
            suites[text].append(name)
    if len(suites) == 1:
        return [f"Protocol: {text}" for text in suites]
    return [f"Protocol of {', '.join(names)}: {text}" for text, names in suites.items()]

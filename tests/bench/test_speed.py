"""The speed benchmark: cases run in turn, stand-ins have the right shape, ratios are ratios."""

import copy
import json

import pytest
import torch

from n3cli.bench.speed import (
    _network,
    _with_plain_aggregation,
    _without_aggregation,
    measure_speed,
    write_speed_json,
    write_speed_text,
)
from n3cli.bench.timing import Timing, time_interleaved, time_left
from n3cli.inference.machine import describe_machine

CPU = torch.device("cpu")


def test_cases_run_in_turn_and_the_first_round_is_not_counted():
    calls = []
    cases = {name: lambda name=name: calls.append(name) for name in "ab"}
    timings = time_interleaved(cases, 3, progress=lambda text: None)
    assert "".join(calls) == "abababab"
    assert all(len(timing.seconds) == 3 for timing in timings.values())


def test_time_left_is_said_where_it_is_long():
    assert time_left(0.0, 0, 12) == ""
    assert time_left(10.0, 9, 12) == ""
    assert time_left(100.0, 1, 61) == ", 1:40:00 left"


def test_ratios_are_taken_round_by_round():
    # the second round ran on a machine that was ten times slower
    assert Timing((2, 20, 2)).ratio(Timing((1, 10, 1))) == 2
    assert Timing((2, 20, 3)).median == 3


@pytest.fixture(scope="module")
def network():
    return _network("n3net", CPU)


def test_the_plain_form_computes_what_the_fast_one_computes(network):
    plain = copy.deepcopy(network)
    _with_plain_aggregation(plain)
    image = torch.rand(1, 1, 40, 45)
    with torch.inference_mode():
        torch.testing.assert_close(plain(image), network(image), atol=1e-4, rtol=1e-4)


def test_convolutions_alone_leave_nothing_of_the_aggregation(network):
    bare = copy.deepcopy(network)
    _without_aggregation(bare)
    image = torch.rand(1, 1, 64, 64)
    changed = image.clone()
    changed[..., :4, :4] += 1
    with torch.inference_mode():
        difference = (bare(changed) - bare(image)).abs()[0, 0]
        looked_up = (network(changed) - network(image)).abs()[0, 0]
    # 3 DnCNNs of 6 convolutions see 18 pixels far, with neighbours the network sees further
    assert difference[22:].max() == 0
    assert looked_up[22:].max() > 0


def test_a_small_run_reports_every_case():
    speed = measure_speed(24, 1, CPU, progress=lambda text: None)
    machine = describe_machine(CPU)
    report = write_speed_json(speed, machine)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report.keys() == {"machine", "size", "seconds", "ratios"}
    assert all(timing["median"] > 0 for timing in report["seconds"].values())
    for ratio in report["ratios"]:
        by = report["seconds"][ratio["divided_by"]]["median"]
        assert ratio["ratio"] == pytest.approx(report["seconds"][ratio["case"]]["median"] / by)
    text = write_speed_text(speed, machine, markdown=True)
    assert "24×24" in text
    assert all(f"| {name}" in text for name in report["seconds"])

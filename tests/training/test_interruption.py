"""Signals: the first is noted, the second acts as ever, ignored ones stay ignored."""

import signal
import threading

import pytest

from n3cli.training.interruption import interruptible, stop

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def arrived():
    """Signals that reached the program's own handlers."""
    seen = []
    before = [
        signal.signal(number, lambda number, frame: seen.append(number)) for number in SIGNALS
    ]
    yield seen
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_the_first_is_noted_and_the_second_acts(arrived, first, second):
    with interruptible() as interruption:
        assert interruption.number == 0
        signal.raise_signal(first)
        assert interruption.number == first
        assert arrived == []
        signal.raise_signal(second)
        assert arrived == [second]
    assert interruption.number == first


def test_handlers_are_restored(arrived):
    before = [signal.getsignal(number) for number in SIGNALS]

    def fail():
        with interruptible():
            assert [signal.getsignal(number) for number in SIGNALS] != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_what_is_ignored_stays_ignored(arrived):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruptible() as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.number == 0
        signal.raise_signal(signal.SIGTERM)
        assert interruption.number == signal.SIGTERM
        signal.raise_signal(signal.SIGINT)
    assert arrived == []
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_in_a_thread_it_does_nothing(arrived):
    before = [signal.getsignal(number) for number in SIGNALS]
    found = []

    def work():
        with interruptible() as interruption:
            found.append((interruption.number, [signal.getsignal(number) for number in SIGNALS]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(0, before)]


def test_stopping_ends_as_the_signal_would():
    with pytest.raises(KeyboardInterrupt):
        stop(signal.SIGINT)
    with pytest.raises(SystemExit) as ended:
        stop(signal.SIGTERM)
    assert ended.value.code == 143

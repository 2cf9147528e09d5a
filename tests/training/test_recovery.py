"""Parts of a step, rollbacks and Ctrl-C, with real gradients and real signals."""

import signal
import threading

import pytest
import torch
from torch.nn import functional

from competition.training.recovery import Batching, Rollbacks, stop_on_interrupt


def test_half_the_batch_twice_the_parts_the_same_step():
    batching, seen = Batching(32, 2), []
    while batching.batch_size > 2:
        batching = batching.halve()
        seen.append((batching.batch_size, batching.accumulate, batching.effective))
    assert seen == [(16, 4, 64), (8, 8, 64), (4, 16, 64), (2, 32, 64)]
    with pytest.raises(ValueError, match=r"out of memory with 2 images.*smaller size"):
        batching.halve()
    odd = Batching(33).halve()
    assert (odd.batch_size, odd.effective) == (17, 33) and odd.halve().halve().halve().batch_size == 3
    for wrong in ((1, 1), (2, 0)):
        with pytest.raises(ValueError, match="expected at least 2 and 1"):
            Batching(*wrong)


def test_parts_cover_a_step_once_in_order_and_evenly():
    for batch_size in range(2, 12):
        for n in range(1, 70):
            parts = Batching(batch_size).parts(n)
            sizes = [len(range(n)[part]) for part in parts]
            assert [index for part in parts for index in range(n)[part]] == list(range(n))
            assert max(sizes) - min(sizes) <= 1 and (min(sizes) >= 2 or n == 1)
            assert max(sizes) <= max(batch_size, 3)
            if batch_size > 2:
                assert len(parts) == -(-n // batch_size)  # no more than needed
    assert Batching(2).parts(5) == [slice(0, 2), slice(2, 5)]


@pytest.mark.parametrize(("batch_size", "n"), [(16, 64), (17, 33), (5, 23), (2, 7), (64, 64)])
def test_the_parts_gradients_are_the_whole_steps(batch_size, n):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    inputs, labels = torch.randn(n, 6), torch.randint(3, (n,))
    functional.cross_entropy(network(inputs), labels, label_smoothing=0.1).backward()
    whole = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    for part in Batching(batch_size).parts(n):
        share = len(labels[part]) / n
        (functional.cross_entropy(network(inputs[part]), labels[part], label_smoothing=0.1) * share).backward()
    for expected, parameter in zip(whole, network.parameters(), strict=True):
        assert torch.allclose(parameter.grad, expected, atol=1e-6, rtol=0)


def test_three_rollbacks_and_then_an_error():
    rollbacks = Rollbacks()
    for _ in range(3):
        rollbacks.add(2, float("nan"), 0.1)
    assert rollbacks.count == 3
    with pytest.raises(
        ValueError, match=r"epoch 7: the loss is nan, .*3 times.*1\.25e-02 at the end\. Try a learning_rate"
    ):
        rollbacks.add(7, float("nan"), 0.0125)


@pytest.fixture
def usual():
    """Python's own answer to Ctrl-C, whatever the tests run under."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_asks_once_and_then_stops(usual, capfd):
    steps = 0
    with stop_on_interrupt() as interrupt:
        assert not interrupt.asked
        while not interrupt.asked:
            steps += 1
            if steps == 3:
                signal.raise_signal(signal.SIGINT)
        assert steps == 3 and "Ctrl-C again" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is usual


def test_the_handler_comes_back_after_an_error(usual):
    with pytest.raises(ZeroDivisionError), stop_on_interrupt():
        1 / 0  # noqa: B018
    assert signal.getsignal(signal.SIGINT) is usual
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_elsewhere_than_in_the_main_thread_nothing_is_changed(usual):
    seen = []

    def work():
        with stop_on_interrupt() as interrupt:
            seen.extend([interrupt.asked, signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, usual] and signal.getsignal(signal.SIGINT) is usual


def test_what_ignores_interrupts_goes_on_ignoring_them(usual):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stop_on_interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert not interrupt.asked

"""Work done by several processes together."""

import os
import signal
import socket
from time import monotonic

from makers.forked import CONTEXT

from competition.settings.finetuned import FinetunedSettings

SETTINGS = FinetunedSettings(
    network="test_convnext",
    weights="none",
    size=32,
    epochs=2,
    batch_size=8,
    learning_rate=1e-2,
    drop_rate=0.0,
    optimizer="sgd",
    precision="float32",
    patience=9,
)


def together(work, *arguments, count=2, seconds=100):
    """Return what `work(*arguments)` returned, or the error that it raised, in each of `count` processes on one
    core.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ends = [CONTEXT.Pipe(duplex=False) for _ in range(count)]
    started = [
        CONTEXT.Process(target=_one_of, args=(index, count, port, end, work, arguments))
        for index, (_, end) in enumerate(ends)
    ]
    for process in started:
        process.start()
    deadline = monotonic() + seconds
    try:
        for index, (end, _) in enumerate(ends):
            assert end.poll(max(0, deadline - monotonic())), f"process {index} of {count} hangs"
        return [end.recv() for end, _ in ends]
    finally:
        for process in started:
            process.kill()
            process.join()


def _one_of(index, count, port, end, work, arguments):
    # so that any number of processes computes on one thread each
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ.update(
        RANK=str(index),
        LOCAL_RANK=str(index),
        WORLD_SIZE=str(count),
        LOCAL_WORLD_SIZE=str(count),
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
        OMP_NUM_THREADS="1",
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        end.send(work(*arguments))
    except (Exception, KeyboardInterrupt) as error:
        end.send(error)
    os._exit(0)  # as abruptly as a process may end

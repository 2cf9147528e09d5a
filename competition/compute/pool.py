"""Worker pool: processes of this machine (loky), or a Dask cluster by one setting.

Either way tasks are taken from their iterator only as workers get free, so that neither tasks nor results pile up.
"""

import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from types import ModuleType
from typing import TypeVar

import joblib
from joblib.externals.loky import get_reusable_executor

from competition.common.imports import package_digest
from competition.common.registry import load_plugin, loaded_plugins
from competition.compute.threads import opencv_on_one_thread
from competition.settings.machine import MachineSettings

T = TypeVar("T")
# loky replaces a worker that grew by 300 MB, as one does by the files that it maps: nothing that anybody has to know
REPLACED = "A worker stopped while some jobs were given to the executor"
TIMEOUT = 30.0  # seconds that a scheduler has to answer, and to have a worker
# a Dask worker may have several threads, but Augraphy draws from its process's generators
_one_at_a_time = threading.Lock()


def deal(work: Callable, tasks: Iterable[tuple], machine: MachineSettings) -> Iterator:
    """Yield what `work(*task)` returns for each of `tasks`, in the order in which they get done.

    `work` and the tasks are pickled; what they name has to be found by the workers: paths are absolute. With
    `machine.scheduler` raises ModuleNotFoundError without the package `distributed`, ConnectionError where no scheduler
    or no worker answers, and ValueError where a worker runs other code than this. Workers import the plugins that this
    process has, before their work; tasks hold nothing that a plugin defines but its name.
    """
    if plugins := loaded_plugins():
        work = _WithPlugins(work, plugins)
    if machine.scheduler is not None:
        yield from _on_cluster(work, tasks, machine.scheduler)
    else:
        warnings.filterwarnings("ignore", REPLACED, UserWarning)
        work = _OfACommand(work, os.getpid())
        parallel = joblib.Parallel(
            n_jobs=machine.workers or -1, return_as="generator_unordered", pre_dispatch="2*n_jobs"
        )
        yield from parallel(joblib.delayed(work)(*task) for task in tasks)


@dataclass(frozen=True)
class _OfACommand:
    """`work` for a process of this machine: not begun any more, of what waits for it, once the `command` is gone."""

    work: Callable
    command: int

    def __call__(self, *task: object) -> object:
        if self.command not in (os.getpid(), os.getppid()):
            raise SystemExit
        return self.work(*task)


@dataclass(frozen=True)
class _WithPlugins:
    """`work` for a process that may not have imported the plugins yet."""

    work: Callable
    plugins: tuple[str, ...]

    def __call__(self, *task: object) -> object:
        for path in self.plugins:
            load_plugin(path)
        return self.work(*task)


def while_waited_for(tell: Callable[[T], None]) -> Callable[[T], None]:
    """Return `tell` for the long work of a process of this machine: it ends that once the command it works for is gone.

    A command that is killed leaves its workers, who would go on for an hour. Called where the work begins.
    """
    command = os.getppid()

    def told(what: T) -> None:
        if os.getppid() != command:
            raise SystemExit
        tell(what)

    return told


def release() -> None:
    """End this machine's idle processes; kept for the next work otherwise, with all that the last one loaded."""
    get_reusable_executor().shutdown()


def _on_cluster(work: Callable, tasks: Iterable[tuple], address: str) -> Iterator:
    distributed = _distributed()
    code, tasks = package_digest(), iter(tasks)
    with _connect(distributed, address) as client:
        running = distributed.as_completed(loop=client.loop)
        while True:
            with _connection_errors(address):
                window = 2 * max(1, len(client.nthreads()))  # asked anew each time: workers come and go
                for task in islice(tasks, max(0, window - running.count())):
                    running.add(client.submit(_on_a_worker, code, work, task, pure=False))
                if running.is_empty():
                    return
                future = next(running)
                failure = future.exception()
                result = None if failure else future.result()
            if isinstance(failure, distributed.KilledWorker):
                raise ConnectionError(f"machine.scheduler: {failure}") from failure
            if failure is not None:
                raise failure.with_traceback(future.traceback())
            yield result


@contextmanager
def _connection_errors(address: str) -> Iterator[None]:
    try:
        yield
    except (CancelledError, OSError) as error:
        raise ConnectionError(f"machine.scheduler: {address} no longer answers ({error})") from error


def _distributed() -> ModuleType:
    try:
        import distributed
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'machine.scheduler: needs the package distributed: pip install -e ".[cluster]"'
        ) from None
    return distributed


def _connect(distributed: ModuleType, address: str):
    advice = (
        "start one (dask scheduler; dask worker ADDRESS --nthreads 1), or take machine.scheduler out of params.yaml"
    )
    try:
        client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
    except ValueError as error:
        raise ValueError(f"machine.scheduler: {error}; expected an address like tcp://host:8786") from None
    except OSError as error:
        raise ConnectionError(f"machine.scheduler: no Dask scheduler answers at {address}; {advice}") from error
    try:
        client.wait_for_workers(1, timeout=TIMEOUT)
    except TimeoutError as error:
        client.close()
        raise ConnectionError(f"machine.scheduler: the Dask scheduler at {address} has no worker; {advice}") from error
    return client


def _on_a_worker(code: str, work: Callable, task: tuple) -> object:
    if code != package_digest():
        raise ValueError(
            f"machine.scheduler: the worker on {socket.gethostname()} runs other code than this; "
            "install the same version there and restart it"
        )
    opencv_on_one_thread()
    with _one_at_a_time:
        return work(*task)

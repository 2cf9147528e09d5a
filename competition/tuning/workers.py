"""Workers on a study: any number of processes, each taking the next trial when it has ended its last.

Each worker holds a lock on a file of its own, which the kernel lets go when the process ends, however it ends. So
another one sees at once that a worker of the same folder is dead; one elsewhere is missed by its heartbeat, where the
storage has it. A dead worker's trial is put back with the same point, and goes on behind its last whole epoch where its
state files are.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep, time_ns

import optuna
from filelock import FileLock, Timeout
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

POLL = 2.0  # seconds between two looks at whether others have ended
TRIES = 3  # times that a trial is put back: one that kills whoever takes it must not go on for ever
WORKER, ERROR = "worker", "error"  # user attributes of a trial: who has it, and what ended it

Report = Callable[[Study, FrozenTrial], None]


class Worker:
    """This process, as the other workers on the study in `folder` see it: alive as long as its lock is held."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.name = f"{socket.gethostname()}-{os.getpid()}-{time_ns()}"
        self._life = FileLock(_life_of(folder, self.name))
        self._life.acquire()
        self._nameless: set[int] = set()
        self.has_trial = False
        # who holds it looks for a trial, so that no two take one, or one too many
        self.turn = FileLock(folder / "turn.lock")

    def knows(self, name: str | None) -> bool:
        """Return whether `name` is, or was, a worker of this folder: of others nothing can be told here."""
        return name is not None and _life_of(self.folder, name).is_file()

    def knows_dead(self, name: str | None) -> bool:
        """Return whether the worker `name` was one of this folder's and has ended."""
        if name == self.name or not self.knows(name):
            return False
        with suppress(Timeout), FileLock(_life_of(self.folder, name), timeout=0):
            return True
        return False

    def are_orphans(self, nameless: set[int]) -> set[int]:
        """Return those of the running trials `nameless` that had no worker's name at this worker's last look either.

        A trial gets its worker's name at once; one that was killed in that moment never gets one.
        """
        self._nameless, before = nameless, self._nameless
        return nameless & before

    def leave(self) -> None:
        """Release the lock; its file stays where a trial may have this worker's name, so that others see it dead."""
        self._life.release()
        if not self.has_trial:
            _life_of(self.folder, self.name).unlink(missing_ok=True)


def work(
    study: Study,
    objective: Callable[[Trial], float],
    worker: Worker,
    trials: int,
    deadline: float = float("inf"),
    report: Report = lambda study, trial: None,
    begin: Callable[[Trial], object] = lambda trial: None,
) -> None:
    """Try points until the study has `trials` that are finished, then wait for the folder's other workers.

    No trial is begun after `deadline` (of `monotonic`). `report` is called after each trial of this worker's; `begin`
    before one, while no other worker looks for its next: what it suggests, the others' samplers see. An error of
    `objective` ends the work, and is kept with the trial, which is not tried again; so does Ctrl-C, but that trial is.
    """
    while True:
        with worker.turn:
            take_up(study, worker)
            waiting, running = (
                study.get_trials(deepcopy=False, states=[state]) for state in (TrialState.WAITING, TrialState.RUNNING)
            )
            if (waiting or done(study) + len(running) < trials) and monotonic() < deadline:
                study.optimize(lambda trial: _tried(objective, trial, worker, begin), n_trials=1, callbacks=[report])
                worker.has_trial = False
                continue
        others = [
            trial.user_attrs.get(WORKER) for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
        ]
        if not any(name is None or worker.knows(name) for name in others):
            return
        sleep(POLL)


def take_up(study: Study, worker: Worker) -> None:
    """Put back the trials of workers that are dead, and those that were stopped by hand."""
    names = {
        trial.number: trial.user_attrs.get(WORKER)
        for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
    }
    orphans = worker.are_orphans({number for number, name in names.items() if name is None})
    for number, name in names.items():
        if number in orphans or worker.knows_dead(name):
            study.tell(number, state=TrialState.FAIL, skip_if_finished=True)
    optuna.storages.fail_stale_trials(study)  # does nothing where the storage has no heartbeat
    trials = study.get_trials(deepcopy=False)
    put_back = {number for trial in trials for number in RetryHeartbeatStaleTrialCallback.retry_history(trial)}
    for trial in trials:
        if trial.state == TrialState.FAIL and trial.number not in put_back and ERROR not in trial.user_attrs:
            RetryHeartbeatStaleTrialCallback(max_retry=TRIES)(study, trial)


def done(study: Study) -> int:
    """Return the number of the study's finished trials: complete or pruned."""
    return len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE, TrialState.PRUNED]))


def _tried(
    objective: Callable[[Trial], float], trial: Trial, worker: Worker, begin: Callable[[Trial], object]
) -> float:
    worker.has_trial = True
    trial.set_user_attr(WORKER, worker.name)
    begin(trial)
    worker.turn.release()
    try:
        return objective(trial)
    except optuna.TrialPruned:
        raise
    except Exception as error:
        trial.set_user_attr(ERROR, f"{type(error).__name__}: {error}"[:500])
        raise


def _life_of(folder: Path, name: str) -> Path:
    return folder / f"{name}.worker"

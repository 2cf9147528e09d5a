"""Workers on a study: started, killed, waited for."""

import os
import signal
import time

from makers.forked import CONTEXT
from optuna.trial import TrialState

from competition.common.optuna_logging import quiet_optuna
from competition.tuning import workers as working
from competition.tuning.storage import open_storage
from competition.tuning.study import open_study
from competition.tuning.workers import Worker, work

OWN_POINT = {"rate": 0.01, "depth": 3, "loss": "a"}


TRIALS = 14  # more than the ten that are drawn at random before the estimator has its say


def objective(trial):
    params = {
        "rate": trial.suggest_float("rate", 1e-4, 1.0, log=True),
        "depth": trial.suggest_int("depth", 1, 9),
        "loss": trial.suggest_categorical("loss", ["a", "b"]),
    }
    return value_of(params)


def whole(study):
    """The points that were tried to their end, in the order in which they were first begun."""
    trials = study.get_trials(states=[TrialState.COMPLETE])
    return [
        trial.params for trial in sorted(trials, key=lambda trial: trial.system_attrs.get("failed_trial", trial.number))
    ]


def killed_in_its_fourth(folder, where, name="killed"):
    """A worker that hangs in its fourth trial, until it is killed."""
    begun = []

    def hanging(trial):
        value = objective(trial)
        begun.append(trial.number)
        if len(begun) == 4:
            (folder / "hangs").write_text(str(trial.number))
            time.sleep(600)
        return value

    with quiet_optuna():
        work(
            open_study(open_storage(where, heartbeat=1), "tiny", OWN_POINT, 0, [], True),
            hanging,
            Worker(folder / name),
            TRIALS,
        )


def helping(folder, where, trials):
    working.POLL = 0.05

    def slow(trial):
        time.sleep(0.05)
        return objective(trial)

    with quiet_optuna():
        worker = Worker(folder / "tiny")
        work(open_study(open_storage(where), "tiny", OWN_POINT, 0, [], True), slow, worker, trials)
        worker.leave()


def started(target, *arguments):
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    return process


def wait_for(file, process):
    end = time.monotonic() + 60
    while not file.exists():
        assert process.is_alive() and time.monotonic() < end
        time.sleep(0.02)


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)


def value_of(params):
    return -abs(params["rate"] - 0.1) - abs(params["depth"] - 6) / 10 - (params["loss"] == "b")

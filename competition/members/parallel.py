"""Networks of several members and folds, trained in parallel on a CPU, each on its share of the cores.

Of a step that two cores share, a quarter to a third of the time is lost. So in a run of DVC the first stage `train`
trains all networks that are missing, as many at a time as there are cores, and leaves their files beside their states,
where their own stages find them. What fails of another stage's network is left for that stage to say. By hand the
command trains its network alone, on its share of the cores: the weights are the same.
"""

from collections.abc import Callable
from contextlib import nullcontext

from competition.common.locks import hold_another
from competition.compute.device import set_up_process
from competition.compute.distributed import processes
from competition.compute.pool import deal, release, while_waited_for
from competition.compute.shares import Share, share_of
from competition.members.fold_training import FoldTraining
from competition.members.output_files import print_epoch
from competition.settings.load import load_settings
from competition.settings.machine import MachineSettings
from competition.settings.params import Settings

EPOCH = 3600.0  # seconds, at the most, until a worker whose command was killed is done with its epoch, and ends


def networks_of(settings: Settings) -> list[FoldTraining]:
    """Return the trainings of all networks, in the order of their stages."""
    every = [FoldTraining(settings, name, fold) for name in settings.train.members for fold in settings.split.folds]
    return [one for one in every if one.member.together]


def share_of_network(settings: Settings) -> Share:
    """Return what each network that is trained on a fold has of this machine, whoever trains it."""
    machine = settings.machine
    if machine.processes > 1 or processes().count > 1:
        return share_of(1)
    return share_of(len(networks_of(settings)), machine.workers)


def trains_in_parallel(training: FoldTraining) -> bool:
    """Return whether `training` is of one of several networks that share a CPU."""
    return training in networks_of(training.settings) and share_of_network(training.settings).at_once > 1


def train_missing(first: FoldTraining, log: Callable[..., None]) -> None:
    """Train `first`, and all other networks that are missing, each in a process of its own.

    log: told what is trained, and of each of the others when it is. Raises what training `first` raises.
    """
    share = share_of_network(first.settings)
    others = [one for one in networks_of(first.settings) if one != first and one.is_missing]
    if others:
        log("training in parallel", at_once=share.at_once, **_listed([first, *others]))
    tasks = [(one.name, one.fold, share.threads, one == first) for one in [first, *others]]
    for name, fold, problem in deal(_train, tasks, MachineSettings(workers=share.at_once)):
        if (name, fold) != (first.name, first.fold):
            log("left to its stage" if problem else "trained ahead", member=name, fold=fold, **problem)
    release()


def _listed(trainings: list[FoldTraining]) -> dict[str, str]:
    names = dict.fromkeys(one.name for one in trainings)
    return {name: "/".join(str(one.fold) for one in trainings if one.name == name) for name in names}


def _train(name: str, fold: int, threads: int, is_first: bool) -> tuple[str, int, dict[str, str]]:
    """Train the network, and leave its files for its stage; return which it is, and the problem, if any."""
    training = FoldTraining(load_settings(), name, fold)
    tell = while_waited_for(lambda row: print_epoch(row, f"{name} {fold}  "))
    write_ahead = while_waited_for(training.write_ahead)
    command = f"pipelines.train {name} {fold}"
    set_up_process(threads)
    problem = {}
    try:
        # the command's own lock, which the first one's process has, and one that outlives a command that is killed
        worker = hold_another(f"a worker of {command}", patience=EPOCH)
        with nullcontext() if is_first else hold_another(command), worker:
            write_ahead(training.run(training.data(), tell))
    except Exception as error:
        if is_first:
            raise
        problem = {"problem": f"{type(error).__name__}: {error}"}  # its own stage will meet it again, and stop there
    return name, fold, problem

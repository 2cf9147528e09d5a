"""A command that starts itself again as several processes, through Hugging Face Accelerate's launcher."""

import os
import re
import signal

import psutil

# environment variables that a launcher or MPI sets
RANKS = ("LOCAL_RANK", "RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
BY_HAND = "accelerate launch --multi_gpu --num_processes N -m ... (the same without GPUs)"


def run_together(processes: int, module: str, *arguments: object) -> bool:
    """Run `python -m module arguments` in that many processes and return True; False where this one does the work.

    That is where it is one of several already, or where one is enough. `accelerate launch --num_processes N` starts
    a single process on a machine without GPUs, whatever N is: then this one starts N of them. Under that launcher
    `processes` has no say. Raises ChildProcessError if one of them failed, when all have ended; ValueError for more
    processes than GPUs.
    """
    if any(name in os.environ for name in RANKS):
        return False
    if "ACCELERATE_MIXED_PRECISION" in os.environ:  # the launcher's mark on the single process that it starts
        processes = _asked_of_the_launcher() if "MASTER_ADDR" in os.environ else 1
    if processes == 1:
        return False
    _check_gpus(processes)
    _launch(processes, module, [str(argument) for argument in arguments])
    return True


def _asked_of_the_launcher() -> int:
    words = " ".join(psutil.Process().parent().cmdline())
    count, machines = (re.search(rf"--num[-_]{what}[ =](\d+)", words) for what in ("processes", "machines"))
    if count is None or (machines and int(machines[1]) > 1):
        raise ValueError(
            f"accelerate launch started one process where several were expected, as it does without GPUs; use {BY_HAND}"
        )
    return int(count[1])


def _check_gpus(processes: int) -> None:
    import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else processes
    if processes > gpus:
        raise ValueError(
            f"machine.processes: {processes}, but this machine has {gpus} GPUs; expected at most one process for each"
        )


def _launch(processes: int, module: str, arguments: list[str]) -> None:
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    words = [
        "--multi_gpu",
        "--num_processes",
        str(processes),
        "--num_machines",
        "1",
        "--machine_rank",
        "0",
        "--main_process_port",
        "0",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
        "-m",
        module,
        *arguments,
    ]
    try:
        launch_command(launch_command_parser().parse_args(words))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode == -signal.SIGKILL:
            ended = "was killed from outside, as the system does where memory runs out"
        else:
            ended = f"ended first, with exit code {failure.exitcode}; its own message, if any, is above"
        raise ChildProcessError(f"{module}: process {rank} of {processes} {ended}") from None
    except SignalException:
        raise KeyboardInterrupt from None

"""Section machine: workers, processes, cluster."""

from pydantic import Field

from competition.settings.section import SettingsSection


class MachineSettings(SettingsSection):
    """Workers and processes. No stage depends on it: a run that is taken up again may go on with others.

    `prepare` and `augment` make the same bytes either way. On a CPU networks, the members' and upright's, differ in the
    last bits by the workers and cores, which say how many are trained at a time and how many threads each has. Those
    trained by several processes differ too in what batch-norm sees in training: each process's share of a step.
    """

    workers: int = Field(
        0, ge=0, description="processes on this machine, networks trained at a time too; 0: one for each core"
    )
    scheduler: str | None = Field(
        None, description="address of a Dask scheduler (tcp://host:8786) whose workers share this folder"
    )
    processes: int = Field(
        1, ge=1, description="that train a network together (train, specialize), by Accelerate: one for each GPU"
    )

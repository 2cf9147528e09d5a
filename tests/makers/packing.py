"""Jobs and parts of a packed set."""

from makers.store_rows import row

from competition.data.packing import build
from competition.settings.machine import MachineSettings


def make(jobs):
    """Every fifth job gives no row, every third two; each gives a fact."""
    rows = [
        row(job) | {"copy": n, "thumbnail": None} for job in jobs if job % 5 for n in range(2 if job % 3 == 0 else 1)
    ]
    return rows, [{"job": job, "problem": None if job % 5 else "Größe"} for job in jobs]


JOBS = range(23)


def built(folder, machine=1, jobs=JOBS, part_size=4, make=make):
    machine = MachineSettings(workers=machine) if isinstance(machine, int) else machine
    facts = build(folder / "x.arrow", jobs, make, folder / "state", part_size=part_size, machine=machine, title="test")
    return facts, (folder / "x.arrow").read_bytes()

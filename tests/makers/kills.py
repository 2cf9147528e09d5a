"""A project's stages, each in a process of its own, killed at random moments: `python -m makers.kills 20 0`.

Stands in the project's folder. The processes are forked from this one, which has imported the stages and computed
nothing: else most kills would meet an import.
"""

import importlib
import os
import random
import signal
import sys
from pathlib import Path
from time import monotonic, sleep

import yaml
from makers.dag import commands

LONGEST = 0.5  # seconds before a kill


def main() -> None:
    kills, draw, killed = int(sys.argv[1]), random.Random(int(sys.argv[2])), 0
    stages = commands(yaml.safe_load(Path("params.yaml").read_text()))
    modules = {module: importlib.import_module(module) for module, _ in stages}
    deals = [draw.randrange(len(stages)) for _ in range(kills)]
    for place, (module, arguments) in enumerate(stages):
        for _ in range(deals.count(place)):
            killed += ended(modules[module], arguments, draw.uniform(0, LONGEST)) == signal.SIGKILL
        if status := ended(modules[module], arguments, 300):
            sys.exit(f"{module} {arguments}: {status}")
    print("killed", killed)


def ended(module, arguments: list[str], seconds: float) -> int:
    """Run a stage, killed after `seconds`; return its wait status, 0 for one that has done its work."""
    process = os.fork()
    if not process:
        module.main(*(int(argument) if argument.isdecimal() else argument for argument in arguments))
        sys.stdout.flush()
        os._exit(0)
    end = monotonic() + seconds
    while monotonic() < end:
        if (found := os.waitpid(process, os.WNOHANG))[0]:
            return found[1]
        sleep(0.01)
    os.kill(process, signal.SIGKILL)
    return os.waitpid(process, 0)[1]


if __name__ == "__main__":
    main()

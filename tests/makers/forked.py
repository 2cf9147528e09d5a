"""Processes forked from a server that has imported once what they need: as separate as others, there at once."""

import multiprocessing

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "timm",
        "timm.optim",
        "pytest",
        "accelerate",
        "pipelines.train",
        "competition.tuning.storage",
        "competition.tuning.workers",
        "pg8000",
    ]
)

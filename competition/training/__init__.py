"""Fitting a network to packed images: batches, schedule, checkpoints, the loop."""

"""Hyperparameter search: space, objective, pruning, workers, rescoring of the best."""

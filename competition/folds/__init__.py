"""K-fold split, leakage checks, out-of-fold predictions."""

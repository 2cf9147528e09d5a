"""Kernels of training on a CPU, compiled by numba: what torch has for it is several times slower."""

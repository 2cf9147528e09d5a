"""The ways that tests/benchmarks/training.py measures, each in a process of its own, and what they share."""

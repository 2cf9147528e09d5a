"""Forecast of a run: stages are run on small parts of the competition, and what they took is extrapolated.

Votes read no image: they are tried on dummy predictions for all of them.
"""

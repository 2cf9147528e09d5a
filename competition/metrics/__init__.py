"""Metrics with bootstrap intervals, paired comparisons, calibration."""

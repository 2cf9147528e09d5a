"""Metrics (`scores/`, a registry), their bootstrap, the paired bootstrap, F1 per class, calibration."""

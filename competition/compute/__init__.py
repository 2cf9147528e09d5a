"""Devices, worker pools and data-parallel processes."""

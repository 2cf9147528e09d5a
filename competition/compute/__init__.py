"""Processes, devices and clusters that do the work."""

"""Adoption: a download, or class folders, brought into data/raw."""

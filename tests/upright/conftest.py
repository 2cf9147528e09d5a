"""Fixtures of several of this folder's test files."""

from makers.photographs import folder, photographs  # noqa: F401

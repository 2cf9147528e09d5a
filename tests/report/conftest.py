"""Fixtures of the report's tests."""

from makers.networks import trained  # noqa: F401

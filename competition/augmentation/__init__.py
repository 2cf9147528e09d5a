"""Damaged copies of clean pages: geometry as photographed, light and lens, document noise."""

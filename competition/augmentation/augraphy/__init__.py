"""Augraphy's document noise: seeded, page by page or from a bank of layers that are made once."""

"""Explanations of trained networks: heat maps and a map of the images, for the report."""

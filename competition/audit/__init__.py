"""Audit of the images: duplicates, domain shift, summary."""

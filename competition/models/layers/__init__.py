"""Layers and networks that timm lacks, or that are faster here."""

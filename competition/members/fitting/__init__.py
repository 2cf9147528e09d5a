"""Fitting of members: imported when one is trained or loaded, since it needs torch."""

"""Submissions compared out of fold, and their public scores."""

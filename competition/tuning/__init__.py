"""Searching a member's settings: the space, the trials, who works on them, and what the best is worth."""

"""Ensembles of members' predictions, scored by nested cross-validation, and the choice of the final one."""

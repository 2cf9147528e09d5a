"""Ensemble rules: how members' predictions become one answer. Each is one module; see `EnsembleRule`, `MemberRule`."""

from competition.common.registry import Registry

RULES = Registry("ensemble rule", __name__)

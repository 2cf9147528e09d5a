"""Member kinds: what a member of params.yaml can be. Each is a module with one class, which settings name by `kind`."""

from competition.common.registry import Registry

KINDS = Registry("member kind", __name__)

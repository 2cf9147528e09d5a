"""Augmentation policy fitted to the unlabelled test images: families of effects scaled to close the domain gap."""

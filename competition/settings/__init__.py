"""params.yaml as checked, documented objects; presets and augmentation policies."""

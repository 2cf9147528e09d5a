"""Common tools of all packages: files written whole, CSV, paths, registries, seeds, progress."""

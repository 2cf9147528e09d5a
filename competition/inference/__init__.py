"""Image loader, test-time augmentation, predictor."""

"""Member kinds: what is trained on a fold and predicts."""

"""Networks by name, their weights and heads, and which of their layers are trained."""

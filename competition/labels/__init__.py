"""Label review, and a person's label fixes."""

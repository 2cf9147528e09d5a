"""An image-classification competition: from its files to a validated submission."""

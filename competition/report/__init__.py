"""The HTML report: one page without network, made of sections, each of which is rendered from its own template and knows nothing of the others."""

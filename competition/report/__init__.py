"""The HTML report: one page without network, made of sections.

Each section is rendered from its own template and knows nothing of the others.
"""

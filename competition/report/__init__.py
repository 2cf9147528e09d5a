"""HTML report: one page without network, made of sections.

A section is a module of `competition.report.sections`, and knows nothing of the others; it gets what it reads from one
`ReportContext`.
"""

"""Sections of the report: one module each, registered in SECTIONS; see `competition.report.section.Section`."""

from competition.common.registry import Registry

SECTIONS = Registry("report section", __name__)

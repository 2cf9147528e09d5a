"""Readers of the report's HTML."""

import json
from html.parser import HTMLParser


class Page(HTMLParser):
    """What a browser makes of a page: its tags, the texts outside scripts and styles, the tables' rows and the charts'
    figures.
    """

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.texts, self.tables, self.figures, self.attributes = [], [], [], [], []
        self.data, self.sources = [], []  # JSON that is no figure; where images come from
        self.inside, self.json = None, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]
        self.sources += [value for name, value in attributes if name == "src"]
        self.inside = tag if tag in ("script", "style") else None
        self.json = dict(attributes).get("type") == "application/json"
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.json and self.inside:
            part = json.loads(data)
            (self.figures if "data" in part else self.data).append(part)
        if not self.inside:
            self.texts.append(data)
            if self.tables and self.tables[-1] and self.tables[-1][-1]:
                self.tables[-1][-1][-1] += data.strip()

    def table_of(self, column: str) -> list[list[str]]:
        """The first table with a column of this name, its head first."""
        return next(rows for rows in self.tables if column in rows[0])


class Reader(HTMLParser):
    """Elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.words, self.inside = [], "", ""
        self.feed(str(html))

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.inside = tag

    def handle_data(self, data):
        self.words += "" if self.inside in ("script", "style") else data

    def handle_endtag(self, tag):
        self.inside = ""

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

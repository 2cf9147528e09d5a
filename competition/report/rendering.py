"""HTML from the templates beside this file, every value escaped."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_ENVIRONMENT = Environment(
    loader=PackageLoader("competition.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> Markup:
    """Template of this name, without `.html`, filled with `values`; every one that isn't Markup is escaped."""
    return Markup(_ENVIRONMENT.get_template(f"{template}.html").render(values))


def paragraph(text: str) -> Markup:
    """Paragraph of escaped text."""
    return Markup("<p>{}</p>\n").format(text)

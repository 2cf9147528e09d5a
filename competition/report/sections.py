"""What the report is made of: sections, rendered from the templates beside this file with every value escaped."""

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_ENVIRONMENT = Environment(
    loader=PackageLoader("competition.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Section:
    """anchor: its id in the page, and the link's; title: its heading, as plain text; body: HTML, everything in it
    escaped.
    """

    anchor: str
    title: str
    body: Markup


def render(template: str, **values: object) -> Markup:
    """Return the template of this name, without `.html`, filled with `values`; every one that isn't Markup is
    escaped.
    """
    return Markup(_ENVIRONMENT.get_template(f"{template}.html").render(values))

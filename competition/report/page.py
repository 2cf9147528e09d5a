"""HTML page: a head, a navigation and sections, with all styles and scripts inside, so that it needs no network.

Every .css and .js file beside the templates stands in the page, in the order of their names. The content security
policy allows these scripts alone, by their digests, and no request at all: what got into a section unescaped could
neither run nor call home.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from competition.report.context import ReportContext
from competition.report.headline import headline
from competition.report.rendering import paragraph, render
from competition.report.sections import SECTIONS

POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src {scripts}; base-uri 'none'; "
    "form-action 'none'"
)


@dataclass(frozen=True)
class RenderedSection:
    """Section as it stands in the page. anchor: its id, which links name; title: plain text; body: escaped HTML."""

    anchor: str
    title: str
    body: Markup


def report_page(context: ReportContext) -> str:
    """Return the report as HTML: the final submission's scores, and every section in order."""
    return make_page("Foldvote report", headline(context.final, context.metric), render_sections(context))


def render_sections(context: ReportContext) -> list[RenderedSection]:
    """Return all registered sections in order; one that has nothing to show says why."""
    rendered = []
    for name, kind in sorted(SECTIONS.items(), key=lambda item: (item[1].order, item[0])):
        section = kind()
        reason = section.absent(context)
        body = paragraph(reason) if reason else section.body(context)
        rendered.append(RenderedSection(name.replace("_", "-"), section.title, body))
    return rendered


def make_page(title: str, head: Markup, sections: Sequence[RenderedSection]) -> str:
    """Page as HTML. head: stands above all sections. Raises ValueError for two sections with one anchor."""
    anchors = [section.anchor for section in sections]
    if len(set(anchors)) < len(anchors):
        raise ValueError(f"sections: expected different anchors, found {anchors}")
    scripts = [get_plotlyjs(), *_assets(".js")]
    if wrong := [script[:60] for script in scripts if "</script" in script.lower() or "<!--" in script]:
        raise ValueError(f"scripts that can't stand in a page: {wrong}")
    policy = POLICY.format(scripts=" ".join(f"'sha256-{_digest(script)}'" for script in scripts))
    return render(
        "page",
        title=title,
        head=head,
        sections=sections,
        policy=policy,
        styles=[Markup(style) for style in _assets(".css")],
        scripts=[Markup(script) for script in scripts],
    )


def _assets(ending: str) -> list[str]:
    folder = files("competition.report") / "templates"
    return [
        file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(ending)
    ]


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()

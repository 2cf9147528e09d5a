"""Pages and files that the server gives out: path -> what makes its type and bytes. Styles begin with the report's."""

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from markupsafe import Markup, escape

HTML, CSS, JS = (f"text/{kind}; charset=utf-8" for kind in ("html", "css", "javascript"))


def _asset(name: str) -> str:
    return (files("competition.web") / "assets" / name).read_text(encoding="utf-8")


@cache
def page() -> tuple[str, bytes]:
    """Return the page that images are dropped on."""
    return HTML, _asset("page.html").encode()


@cache
def style() -> tuple[str, bytes]:
    """Return the report's styles and the page's own."""
    templates = files("competition.report") / "templates"
    report = [(templates / name).read_text(encoding="utf-8") for name in ("page.css", "image_sections.css")]
    return CSS, "\n".join([*report, _asset("page.css")]).encode()


@cache
def script() -> tuple[str, bytes]:
    """Return the page's script."""
    return JS, _asset("page.js").encode()


@cache
def openapi() -> tuple[str, bytes]:
    """Return the description of the endpoints, OpenAPI 3.1."""
    return "application/json; charset=utf-8", _asset("openapi.json").encode()


@cache
def api_page() -> tuple[str, bytes]:
    """Return the description as a page."""
    about = json.loads(_asset("openapi.json"))
    parts = [
        Markup("<section><h2><code>{} {}</code></h2><p>{}</p>{}<h3>Answers</h3>{}</section>").format(
            method.upper(), path, call["summary"], _parameters(call), _answers(call)
        )
        for path, calls in about["paths"].items()
        for method, call in calls.items()
    ]
    text = _asset("api.html").replace("<!--about-->", str(escape(about["info"]["description"])))
    return HTML, text.replace("<!--calls-->", "\n".join(parts)).encode()


def _parameters(call: dict) -> Markup:
    rows = [(f"?{one['name']}=", one["description"]) for one in call.get("parameters", [])]
    if "requestBody" in call:
        rows.append(("body", call["requestBody"]["description"]))
    return _table("Takes", rows)


def _answers(call: dict) -> Markup:
    rows = [(status, answer["description"]) for status, answer in call["responses"].items()]
    schema = call["responses"]["200"]["content"]["application/json"]["schema"]
    return _table("Status", rows) + _table(
        "In the JSON", [(name, one.get("description", "")) for name, one in schema["properties"].items()]
    )


def _table(caption: str, rows: list[tuple[str, str]]) -> Markup:
    if not rows:
        return Markup("")
    cells = Markup("").join(Markup('<tr><th scope="row"><code>{}</code></th><td>{}</td></tr>').format(*r) for r in rows)
    return Markup('<div class="wide" tabindex="0"><table><caption>{}</caption><tbody>{}</tbody></table></div>').format(
        caption, cells
    )


PAGES: dict[str, Callable[[], tuple[str, bytes]]] = {
    "/": page,
    "/page.css": style,
    "/page.js": script,
    "/openapi.json": openapi,
    "/api": api_page,
}

"""Templates and labels -> texts in Telegram HTML.

A template that misses a variable is an error before anything is sent; every value is escaped unless it is Markup.
"""

from functools import cache
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from prompts.telegram_html import to_html

FOLDER = Path(__file__).parent
LANGUAGES = ("de", "en")  # complete; what a variant such as de-leicht lacks is said as in its language


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["label"] = label
    environment.filters["lines"] = lambda text: Markup(to_html(text.replace("\n", "  \n")))  # noqa: S704 - as below
    environment.filters["markdown"] = lambda text: Markup(to_html(text))  # noqa: S704 - to_html escapes
    return environment


def render(name: str, lang: str, /, **values: object) -> str:
    """A template's text in a language, as Telegram HTML. ``name`` is the file name without '.j2'."""
    found = _environment().select_template([f"{one}/{name}.j2" for one in _variants(lang)])
    return found.render(**values).strip()


@cache
def _labels(lang: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in reversed(_variants(lang)):
        found |= yaml.safe_load((FOLDER / one / "labels.yaml").read_text(encoding="utf-8"))
    return found


def _variants(lang: str) -> list[str]:
    """A language, then the one it is a variant of: de-leicht, de."""
    return list(dict.fromkeys((lang, lang.partition("-")[0])))


def label(key: str, lang: str, /, **values: object) -> str:
    """A short text for a button, a toast or the command menu: plain, without markup."""
    return _labels(lang)[key].format(**values)

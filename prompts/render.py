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
LANGUAGES = ("de", "en")


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
    environment.filters["markdown"] = lambda text: Markup(to_html(text))  # noqa: S704 - to_html escapes
    return environment


def render(name: str, lang: str, /, **values: object) -> str:
    """A template's text in a language, as Telegram HTML. ``name`` is the file name without '.j2'."""
    return _environment().get_template(f"{lang}/{name}.j2").render(**values).strip()


@cache
def _labels(lang: str) -> dict[str, str]:
    data: dict[str, str] = yaml.safe_load((FOLDER / lang / "labels.yaml").read_text(encoding="utf-8"))
    return data


def label(key: str, lang: str, /, **values: object) -> str:
    """A short text for a button, a toast or the command menu: plain, without markup."""
    return _labels(lang)[key].format(**values)

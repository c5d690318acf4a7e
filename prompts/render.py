"""Render templates and labels as Telegram HTML.

A missing variable raises an error before anything is sent; every value is escaped unless it is Markup.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from knowledge.yaml_file import read_yaml
from prompts.telegram_html import embolden_sentence, fold_text, markdown_to_html

TEMPLATES_FOLDER = Path(__file__).parent


@cache
def _template_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["label"] = format_label
    environment.filters["lines"] = lambda text: Markup(markdown_to_html(text.replace("\n", "  \n")))  # noqa: S704 - as below
    environment.filters["embolden"] = lambda html, text: Markup(embolden_sentence(html, text))  # noqa: S704 - of HTML
    environment.filters["fold"] = lambda html, text: Markup(fold_text(html, text))  # noqa: S704 - of HTML
    environment.filters["markdown"] = lambda text: Markup(markdown_to_html(text))  # noqa: S704 - markdown_to_html escapes
    return environment


def render_template(name: str, lang: str, /, **values: object) -> str:
    """Render the template ``name`` (without '.j2') as Telegram HTML; de-leicht falls back to de."""
    paths = [f"{variant}/{name}.j2" for variant in _language_variants(lang)]
    return _template_environment().select_template(paths).render(**values).strip()


@cache
def load_labels(lang: str) -> Mapping[str, str]:
    """Return the labels of a language by key, as format strings."""
    labels: dict[str, str] = {}
    for variant in reversed(_language_variants(lang)):
        labels |= read_yaml(TEMPLATES_FOLDER / variant / "labels.yaml")
    return labels


def _language_variants(lang: str) -> list[str]:
    """Return a language and the one it is a variant of: de-leicht, de."""
    return list(dict.fromkeys((lang, lang.partition("-")[0])))


def format_label(key: str, lang: str, /, **values: object) -> str:
    """Return a short plain text for a button, a toast or the command menu."""
    return load_labels(lang)[key].format(**values)

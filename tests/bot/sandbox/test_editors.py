"""Changed knowledge files: the next question is answered from them, errors are shown with file and line."""

from pathlib import Path

import pytest

from tests.bot.sandbox.conftest import Json, Page

SHARE = Path("content/de/backbone.md")
STEP = Path("intro/de/04-systemischer-ansatz.md")
PICTURE = Path("intro/pictures/blick.png")


def folder(page: Page) -> Path:
    """Return the knowledge folder of this sandbox."""
    return page.sandbox.knowledge_folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def read(page: Page, before: Json) -> Json:
    """Wait until the knowledge has been reread; return its status."""
    found: Json = page.until(lambda now: now["knowledge"] != before["knowledge"] and now["knowledge"])
    return found


def test_a_changed_file_is_in_the_next_answer(editors: Page) -> None:
    """A changed text is in the next answer, and the page names the file."""
    before, ada = editors.state(), editors.person("Ada Yıldız")
    change(folder(editors) / SHARE, "Rückgrat", "Wirbelsäule")

    now = read(editors, before)
    answer = editors.send_text(ada, "Was ist eine Backbone-Organisation?", "Wirbelsäule")

    assert (now["news"], now["problems"]) == ("backbone.md", [])
    assert now["built"] > before["knowledge"]["built"]
    assert answer["own_bot"]


def test_a_mistake_is_shown_with_file_and_line(editors: Page, capfd: pytest.CaptureFixture[str]) -> None:
    """An unreadable file is named with its line on page and terminal; answers stay the same until it is fixed."""
    before, ada = editors.state(), editors.person("Ada Yıldız")
    change(folder(editors) / SHARE, "title:", "titel:")
    broken = read(editors, before)
    answer = editors.send_text(ada, "Was ist eine Backbone-Organisation?", "Rückgrat")
    change(folder(editors) / SHARE, "titel:", "title:")
    fixed = editors.until(lambda now: not now["knowledge"]["problems"] and now["knowledge"])

    assert any(one.startswith("knowledge/content/de/backbone.md:") and "titel" in one for one in broken["problems"])
    assert broken["entries"] == before["knowledge"]["entries"]
    assert answer["own_bot"]
    assert fixed["entries"] == before["knowledge"]["entries"]
    assert "knowledge/content/de/backbone.md:" in capfd.readouterr().err


def test_rules_across_files_are_told(editors: Page) -> None:
    """Problems across files are reported, and the files are used."""
    before = editors.state()
    (folder(editors) / "content/en/backbone.md").unlink()

    now = read(editors, before)

    assert any("missing in the language 'en'" in one for one in now["problems"])
    assert now["entries"] == before["knowledge"]["entries"]


def test_contacts_are_read_anew(editors: Page) -> None:
    """The bot names a changed contact without a restart of the sandbox."""
    before, ada = editors.state(), editors.person("Ada Yıldız")
    change(folder(editors) / "contacts.yaml", "Jacob Rohm", "Jana Rohm")
    read(editors, before)
    editors.until(lambda now: now["bot"]["ready"])

    assert editors.send_text(ada, "/kontakt", "Jana Rohm")


def test_a_changed_step_is_shown(editors: Page) -> None:
    """The next person reads a changed step of the introduction without a restart of the sandbox."""
    before, jonas = editors.state(), editors.person("Jonas Weber")
    change(folder(editors) / STEP, "title: Das Ganze", "title: Wirklich alles")

    now = read(editors, before)
    editors.until(lambda state: state["bot"]["ready"])
    editors.send_text(jonas, "/start intro-4", "Wirklich alles sehen")

    assert (now["news"], now["entries"]) == (STEP.name, before["knowledge"]["entries"])


def test_a_picture_that_is_gone_is_named(editors: Page) -> None:
    """A missing picture of a step is reported with file and line until it is restored."""
    before = editors.state()
    content = (folder(editors) / PICTURE).read_bytes()
    (folder(editors) / PICTURE).unlink()
    broken = read(editors, before)
    (folder(editors) / PICTURE).write_bytes(content)
    fixed = editors.until(lambda now: not now["knowledge"]["problems"] and now["knowledge"])

    assert broken["news"] == fixed["news"] == PICTURE.name
    assert any(
        one.startswith(f"knowledge/{STEP}:") and f"no picture '{PICTURE.name}'" in one for one in broken["problems"]
    )


def test_a_changed_picture_is_noticed(editors: Page) -> None:
    """A changed picture is named, and the introduction still works."""
    before, jonas = editors.state(), editors.person("Jonas Weber")
    (folder(editors) / PICTURE).write_bytes((folder(editors) / PICTURE.with_name("weg.png")).read_bytes())

    now = read(editors, before)
    editors.until(lambda state: state["bot"]["ready"])
    page = editors.send_text(jonas, "/start intro-4", "Schritt 4")

    assert (now["news"], now["problems"]) == (PICTURE.name, [])
    assert page["media"]["kind"] == "photo"


def test_the_real_index_is_left_alone(editors: Page, prepared: Path) -> None:
    """Changes in the sandbox reach no other bot: the index in the data folder stays the same."""
    before, current = editors.state(), (prepared / "index" / "current").resolve()
    change(folder(editors) / SHARE, "Rückgrat", "Wirbelsäule")
    read(editors, before)

    assert (prepared / "index" / "current").resolve() == current

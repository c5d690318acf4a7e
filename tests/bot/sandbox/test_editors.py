"""Editing knowledge files: changes take effect with the next question, and errors are shown with file and line."""

from pathlib import Path

import pytest

from tests.bot.sandbox.conftest import Json, Page

ENTRY = Path("content/de/backbone.md")
STEP = Path("intro/de/04-systemischer-ansatz.md")
PICTURE = Path("intro/pictures/blick.png")


def folder(page: Page) -> Path:
    """Return the sandbox's knowledge folder."""
    return page.sandbox.knowledge_folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def wait_for_reload(page: Page, before: Json) -> Json:
    """Wait until the knowledge base has been reloaded, and return its status."""
    status: Json = page.until(lambda now: now["knowledge"] != before["knowledge"] and now["knowledge"])
    return status


def test_changed_file_is_used_for_the_next_answer(editors: Page) -> None:
    """A changed text appears in the next answer, and the page names the file."""
    before, ada = editors.state(), editors.person("Ada Yıldız")
    change(folder(editors) / ENTRY, "Rückgrat", "Wirbelsäule")

    now = wait_for_reload(editors, before)
    answer = editors.send_text(ada, "Was ist eine Backbone-Organisation?", "Wirbelsäule")

    assert (now["news"], now["problems"]) == ("backbone.md", [])
    assert now["built"] > before["knowledge"]["built"]
    assert answer["own_bot"]


def test_mistake_is_shown_with_file_and_line(editors: Page, capfd: pytest.CaptureFixture[str]) -> None:
    """A mistake is shown with file and line on page and terminal; until it is fixed, answers stay as they were."""
    before, ada = editors.state(), editors.person("Ada Yıldız")
    change(folder(editors) / ENTRY, "title:", "titel:")
    broken = wait_for_reload(editors, before)
    answer = editors.send_text(ada, "Was ist eine Backbone-Organisation?", "Rückgrat")
    change(folder(editors) / ENTRY, "titel:", "title:")
    fixed = editors.until(lambda now: not now["knowledge"]["problems"] and now["knowledge"])

    problem = next(item for item in broken["problems"] if "titel" in item["de"])
    assert problem["place"].startswith("knowledge/content/de/backbone.md:")
    assert (problem["hint"], problem["example"]) == (False, "")
    assert (broken["news"], broken["rejected"]) == ("", "backbone.md")
    assert broken["entries"] == before["knowledge"]["entries"]
    assert answer["own_bot"]
    assert fixed["entries"] == before["knowledge"]["entries"]
    assert (
        "knowledge/content/de/backbone.md:2: Fehler: Die Zeile „titel:“ gibt es hier nicht." in capfd.readouterr().err
    )


def test_violations_across_files_are_reported(editors: Page) -> None:
    """A hint about files is reported as such, and the files are used."""
    before = editors.state()
    (folder(editors) / "content/en/backbone.md").unlink()

    now = wait_for_reload(editors, before)

    assert any(item["hint"] and "missing in the language 'en'" in item["en"] for item in now["problems"])
    assert (now["news"], now["rejected"]) == ("backbone.md", "")
    assert now["entries"] == before["knowledge"]["entries"]


def test_changed_contact_is_used(editors: Page) -> None:
    """A changed contact is used without restarting the sandbox."""
    before, ada = editors.state(), editors.person("Ada Yıldız")
    change(folder(editors) / "contacts.yaml", "Jacob Rohm", "Jana Rohm")
    wait_for_reload(editors, before)
    editors.until(lambda now: now["bot"]["ready"])

    assert editors.send_text(ada, "/kontakt", "Jana Rohm")


def test_changed_crisis_wording_is_used(editors: Page) -> None:
    """A wording added to crisis.yaml is used without restarting the sandbox; a mistake in it has file and line."""
    before, ada = editors.state(), editors.person("Ada Yıldız")
    path = folder(editors) / "crisis.yaml"
    change(path, "    - . sos .", "    - (sos)")
    broken = wait_for_reload(editors, before)
    change(path, "    - (sos)", "    - mein kanu kentert")
    editors.until(lambda now: not now["knowledge"]["problems"] and now["bot"]["ready"])

    assert any(
        item["place"].startswith("knowledge/crisis.yaml:") and "(sos)" in item["en"] for item in broken["problems"]
    )
    assert editors.send_text(ada, "Hilfe mein Kanu kentert", "112 – Rettungsdienst")


def test_changed_step_is_shown(editors: Page) -> None:
    """A changed step of the introduction is shown without restarting the sandbox."""
    before, jonas = editors.state(), editors.person("Jonas Weber")
    change(folder(editors) / STEP, "title: Das Ganze", "title: Wirklich alles")

    now = wait_for_reload(editors, before)
    editors.until(lambda state: state["bot"]["ready"])
    editors.send_text(jonas, "/start intro-4", "Wirklich alles sehen")

    assert (now["news"], now["entries"]) == (STEP.name, before["knowledge"]["entries"])


def test_missing_picture_is_reported(editors: Page) -> None:
    """A missing picture of a step is reported with file and line until it is restored."""
    before = editors.state()
    content = (folder(editors) / PICTURE).read_bytes()
    (folder(editors) / PICTURE).unlink()
    broken = wait_for_reload(editors, before)
    (folder(editors) / PICTURE).write_bytes(content)
    fixed = editors.until(lambda now: not now["knowledge"]["problems"] and now["knowledge"])

    assert broken["rejected"] == fixed["news"] == PICTURE.name
    problems = [item["en"] for item in broken["problems"] if item["place"].startswith(f"knowledge/{STEP}:")]
    assert any(f"no picture '{PICTURE.name}'" in problem for problem in problems)


def test_changed_picture_is_noticed(editors: Page) -> None:
    """A changed picture is reported by name, and the introduction still works."""
    before, jonas = editors.state(), editors.person("Jonas Weber")
    (folder(editors) / PICTURE).write_bytes((folder(editors) / PICTURE.with_name("weg.png")).read_bytes())

    now = wait_for_reload(editors, before)
    editors.until(lambda state: state["bot"]["ready"])
    page = editors.send_text(jonas, "/start intro-4", "Schritt 4")

    assert (now["news"], now["problems"]) == (PICTURE.name, [])
    assert page["media"]["kind"] == "photo"


def test_index_in_the_data_folder_is_unchanged(editors: Page, prepared: Path) -> None:
    """Changes in the sandbox do not affect the index in the data folder."""
    before, current = editors.state(), (prepared / "index" / "current").resolve()
    change(folder(editors) / ENTRY, "Rückgrat", "Wirbelsäule")
    wait_for_reload(editors, before)

    assert (prepared / "index" / "current").resolve() == current

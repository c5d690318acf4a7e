"""Using the chats on the page."""

from pathlib import Path

from playwright.sync_api import expect

from tests.bot.sandbox.page.stage import ADA, GROUP, JONAS, MAIL, Stage
from tests.support.paths import ROOT

PICTURE = ROOT / "docs" / "pictures" / "gespraech.png"


def test_question(stage: Stage) -> None:
    """A question is answered with formatting and buttons, and the side panel explains the decision."""
    stage.send_text(ADA, "Was ist eine Backbone-Organisation?")

    answer = stage.wait_for_text(ADA, "Quelle")
    expect(answer.locator("strong").first).to_be_visible()
    expect(answer.get_by_role("group", name="Knöpfe")).to_be_visible()
    expect(stage.field(ADA)).to_have_value("")
    expect(stage.tab("Antworten").get_by_role("listitem").first).to_contain_text("beantwortet")
    expect(stage.tab("Protokoll").get_by_role("row").filter(has_text="sendMessage")).not_to_have_count(0)


def test_start(stage: Stage) -> None:
    """An empty chat has a button that starts the bot."""
    stage.phone(JONAS).get_by_role("button", name="Starten").click()

    stage.wait_for_text(JONAS, "Guten Tag!")
    expect(stage.phone(JONAS).get_by_role("button", name="Starten")).to_be_hidden()


def test_draft_and_focus_stay(stage: Stage) -> None:
    """Draft and focus are kept while other chats change."""
    stage.field(JONAS).press_sequentially("Ich wollte ge")

    stage.page.evaluate("""person => fetch("/api/say", {method: "POST", body: JSON.stringify(
        {person, chat: person, text: "/hilfe"})})""", stage.person(ADA))  # fmt: skip

    stage.wait_for_text(ADA, "Das kann ich für Sie tun")
    expect(stage.field(JONAS)).to_be_focused()
    expect(stage.field(JONAS)).to_have_value("Ich wollte ge")


def test_edit_and_reply(stage: Stage) -> None:
    """An edited message is marked as edited, and a reply quotes the message it replies to."""
    stage.send_text(ADA, "Hallo")
    stage.wait_for_text(ADA, "Hallo").focus()
    stage.message(ADA, "Hallo").get_by_role("button", name="Bearbeiten").click()
    expect(stage.field(ADA)).to_have_value("Hallo")
    stage.send_text(ADA, "Guten Morgen")
    expect(stage.wait_for_text(ADA, "Guten Morgen")).to_contain_text("bearbeitet")

    stage.message(ADA, "Guten Morgen").focus()
    stage.message(ADA, "Guten Morgen").get_by_role("button", name="Antworten").click()
    stage.send_text(ADA, "/hilfe")

    expect(stage.wait_for_text(ADA, "/hilfe").get_by_role("button", name="Antwort auf Ada Yıldız")).to_be_visible()


def test_attachments(stage: Stage) -> None:
    """A picture is shown with its caption as alternative text, and a file as a link to download it."""
    stage.field(ADA).fill("Unser Haus")
    attach(stage, "Bild …", PICTURE)
    expect(stage.phone(ADA).get_by_role("img", name="Unser Haus")).to_have_js_property("complete", True)
    attach(stage, "Datei …", Path(__file__))

    link = stage.phone(ADA).get_by_role("link", name=Path(__file__).name)
    with stage.page.expect_download() as download:
        link.click()
    assert download.value.path().read_bytes() == Path(__file__).read_bytes()
    for kind, shown in {"Sprachnachricht": "Sekunden", "Eigener Kontakt": ADA.split()[0], "Standort": "Nord"}.items():
        stage.phone(ADA).get_by_label("Anhängen").click()
        stage.phone(ADA).get_by_role("button", name=kind).click()
        stage.wait_for_text(ADA, shown)


def attach(stage: Stage, kind: str, path: Path) -> None:
    """Attach a file with the menu."""
    stage.phone(ADA).get_by_label("Anhängen").click()
    with stage.page.expect_file_chooser() as chooser:
        stage.phone(ADA).get_by_role("button", name=kind).click()
    chooser.value.set_files(path)


def test_block(stage: Stage) -> None:
    """The bot can be blocked and unblocked, and the chat shows that."""
    menu = stage.phone(ADA).get_by_label("Mehr", exact=True)
    menu.click()
    stage.phone(ADA).get_by_role("button", name="Bot blockieren").click()
    expect(stage.phone(ADA).get_by_text("Der Bot ist blockiert")).to_be_visible()

    menu.click()
    stage.phone(ADA).get_by_role("button", name="Bot wieder zulassen").click()

    expect(stage.phone(ADA).get_by_text("Der Bot ist blockiert")).to_be_hidden()


def test_request(stage: Stage) -> None:
    """A request opens a topic with a pinned card and is sent as a mail, and the topic can be deleted."""
    stage.fill("Wir suchen Partner in Kiel.")
    group = stage.phone(GROUP)
    stage.wait_for_text(GROUP, "Wir suchen Partner in Kiel.")
    topics = group.get_by_role("navigation", name="Themen").get_by_role("button")
    expect(topics).to_have_count(2)
    expect(group.get_by_role("button", name="Anfrage").first).to_be_visible()
    expect(stage.phone(MAIL).get_by_text("Wir suchen Partner in Kiel.")).to_be_visible()

    stage.send_text(GROUP, "Wer ist bisher dabei?")
    stage.wait_for_text(ADA, "Wer ist bisher dabei?")
    group.get_by_label("Mehr", exact=True).click()
    group.get_by_role("button", name="Dieses Thema löschen").click()

    expect(group.get_by_role("navigation", name="Themen")).to_be_hidden()


def test_toast(stage: Stage) -> None:
    """The answer to a tap is shown as a status in the chat."""
    stage.fill("Wir suchen Partner.")
    stage.wait_for_text(GROUP, "Anfrage")

    stage.tap_button(GROUP, "Übernehmen")
    stage.tap_button(GROUP, "Morgen erinnern")

    expect(stage.phone(GROUP).get_by_role("status").get_by_text("erinner")).to_be_visible()


def test_links_open_in_a_new_tab(stage: Stage) -> None:
    """A link has its address as title and opens in a new tab without access to this one."""
    stage.send_text(ADA, "/kontakt")
    link = stage.wait_for_text(ADA, "@").get_by_role("link", name="@")

    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("title", link.get_attribute("href") or "")


def test_inline_mode(stage: Stage) -> None:
    """After the bot's name, three inline results are suggested; the chosen one is sent and gets no reply."""
    stage.field(ADA).fill("@sandbox_bot Was ist eine Backbone-Organisation?")
    options = stage.phone(ADA).get_by_role("listbox", name="Vorschläge").get_by_role("option")
    expect(options).to_have_count(3)
    expect(options.first).to_contain_text("Fachliteratur:")
    stage.field(ADA).press("ArrowDown")
    title = options.nth(1).locator("strong").text_content() or ""
    stage.field(ADA).press("Enter")

    sent = stage.wait_for_text(ADA, title)
    expect(sent.get_by_text("via @sandbox_bot")).to_be_visible()
    expect(sent.locator("strong").first).to_have_text(title)
    expect(stage.field(ADA)).to_have_value("")
    sent.get_by_role("button", name="Beim Bot weiterlesen").click()
    expect(stage.phone(ADA).get_by_role("article")).to_have_count(3)  # the result, the command, and its answer
    expect(stage.phone(ADA).get_by_text("via @")).to_have_count(1)


def test_link_to_the_bot_opens_in_the_chat(stage: Stage) -> None:
    """A t.me link to the bot with a start parameter opens in the chat, not in a new tab."""
    stage.send_text(ADA, "/start intro-2")
    stage.wait_for_text(ADA, "Schritt 2 von 9")
    stage.send_text(ADA, "/teilen")
    shared = stage.wait_for_text(ADA, "t.me/sandbox_bot?start=intro-2")
    shared.get_by_role("button", name="t.me/sandbox_bot?start=intro-2").click()

    expect(stage.phone(ADA).get_by_role("article").filter(has_text="Schritt 2 von 9")).to_have_count(2)
    assert len(stage.page.context.pages) == 1


def test_caption_can_be_edited(stage: Stage) -> None:
    """The caption of a sent picture can be edited, and the picture is marked as edited."""
    stage.field(ADA).fill("Unser Haus")
    attach(stage, "Bild …", PICTURE)
    stage.wait_for_text(ADA, "Unser Haus").focus()
    stage.message(ADA, "Unser Haus").get_by_role("button", name="Bearbeiten").click()
    expect(stage.field(ADA)).to_have_value("Unser Haus")
    stage.send_text(ADA, "Unser Garten")

    changed = stage.wait_for_text(ADA, "Unser Garten")
    expect(changed).to_contain_text("bearbeitet")
    expect(changed.get_by_role("img", name="Unser Garten")).to_have_js_property("complete", True)
    expect(stage.phone(ADA).get_by_role("article").filter(has_text="Unser Haus")).to_have_count(0)

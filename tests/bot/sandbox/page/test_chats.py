"""Using the chats on the page."""

from pathlib import Path

from playwright.sync_api import expect

from tests.bot.sandbox.page.ui import ADA, GROUP, JONAS, MAIL, SandboxUI
from tests.support.paths import ROOT

PICTURE = ROOT / "docs" / "pictures" / "gespraech.png"


def test_question(ui: SandboxUI) -> None:
    """A question is answered with formatting and buttons, and the side panel explains the decision."""
    ui.send_text(ADA, "Was ist eine Backbone-Organisation?")

    answer = ui.wait_for_text(ADA, "Quelle")
    expect(answer.locator("strong").first).to_be_visible()
    expect(answer.get_by_role("group", name="Knöpfe")).to_be_visible()
    expect(ui.field(ADA)).to_have_value("")
    expect(ui.tab("Antworten").get_by_role("listitem").first).to_contain_text("beantwortet")
    expect(ui.tab("Protokoll").get_by_role("row").filter(has_text="sendMessage")).not_to_have_count(0)


def test_start(ui: SandboxUI) -> None:
    """An empty chat has a button that starts the bot."""
    ui.phone(JONAS).get_by_role("button", name="Starten").click()

    ui.wait_for_text(JONAS, "Guten Tag!")
    expect(ui.phone(JONAS).get_by_role("button", name="Starten")).to_be_hidden()


def test_draft_and_focus_stay(ui: SandboxUI) -> None:
    """Draft and focus are kept while other chats change."""
    ui.field(JONAS).press_sequentially("Ich wollte ge")

    ui.page.evaluate("""person => fetch("/api/say", {method: "POST", body: JSON.stringify(
        {person, chat: person, text: "/hilfe"})})""", ui.person(ADA))  # fmt: skip

    ui.wait_for_text(ADA, "Das kann ich für Sie tun")
    expect(ui.field(JONAS)).to_be_focused()
    expect(ui.field(JONAS)).to_have_value("Ich wollte ge")


def test_edit_and_reply(ui: SandboxUI) -> None:
    """An edited message is marked as edited, and a reply quotes the message it replies to."""
    ui.send_text(ADA, "Hallo")
    ui.wait_for_text(ADA, "Hallo").focus()
    ui.message(ADA, "Hallo").get_by_role("button", name="Bearbeiten").click()
    expect(ui.field(ADA)).to_have_value("Hallo")
    ui.send_text(ADA, "Guten Morgen")
    expect(ui.wait_for_text(ADA, "Guten Morgen")).to_contain_text("bearbeitet")

    ui.message(ADA, "Guten Morgen").focus()
    ui.message(ADA, "Guten Morgen").get_by_role("button", name="Antworten").click()
    ui.send_text(ADA, "/hilfe")

    expect(ui.wait_for_text(ADA, "/hilfe").get_by_role("button", name="Antwort auf Ada Yıldız")).to_be_visible()


def test_attachments(ui: SandboxUI) -> None:
    """A picture is shown with its caption as alternative text; a file opens in a new tab, and can be downloaded."""
    ui.field(ADA).fill("Unser Haus")
    attach(ui, "Bild …", PICTURE)
    expect(ui.phone(ADA).get_by_role("img", name="Unser Haus")).to_have_js_property("complete", True)
    attach(ui, "Datei …", Path(__file__))

    name = Path(__file__).name
    with ui.page.expect_popup() as popup:
        ui.phone(ADA).get_by_role("link", name=f"{name} ").first.click()
    expect(popup.value.get_by_text("def test_attachments")).to_be_attached()
    with ui.page.expect_download() as download:
        ui.phone(ADA).get_by_role("link", name=f"{name} herunterladen").click()
    assert download.value.path().read_bytes() == Path(__file__).read_bytes()
    for kind, shown in {"Sprachnachricht": "Sekunden", "Eigener Kontakt": ADA.split()[0], "Standort": "Nord"}.items():
        ui.phone(ADA).get_by_label("Anhängen").click()
        ui.phone(ADA).get_by_role("button", name=kind).click()
        ui.wait_for_text(ADA, shown)


def attach(ui: SandboxUI, kind: str, path: Path) -> None:
    """Attach a file with the menu."""
    ui.phone(ADA).get_by_label("Anhängen").click()
    with ui.page.expect_file_chooser() as chooser:
        ui.phone(ADA).get_by_role("button", name=kind).click()
    chooser.value.set_files(path)


def test_block(ui: SandboxUI) -> None:
    """The bot can be blocked and unblocked, and the chat shows that."""
    menu = ui.phone(ADA).get_by_label("Mehr", exact=True)
    menu.click()
    ui.phone(ADA).get_by_role("button", name="Bot blockieren").click()
    expect(ui.phone(ADA).get_by_text("Der Bot ist blockiert")).to_be_visible()

    menu.click()
    ui.phone(ADA).get_by_role("button", name="Bot wieder zulassen").click()

    expect(ui.phone(ADA).get_by_text("Der Bot ist blockiert")).to_be_hidden()


def test_request(ui: SandboxUI) -> None:
    """A request opens a topic with a pinned card and is sent as a mail, and the topic can be deleted."""
    ui.fill("Wir suchen Partner in Kiel.")
    group = ui.phone(GROUP)
    ui.wait_for_text(GROUP, "Wir suchen Partner in Kiel.")
    topics = group.get_by_role("navigation", name="Themen").get_by_role("button")
    expect(topics).to_have_count(2)
    expect(group.get_by_role("button", name="Anfrage").first).to_be_visible()
    expect(ui.phone(MAIL).get_by_text("Wir suchen Partner in Kiel.")).to_be_visible()
    with ui.page.expect_popup() as popup:
        ui.phone(MAIL).get_by_role("link", name=".vcf").click()
    expect(popup.value.get_by_text("BEGIN:VCARD")).to_be_attached()

    ui.send_text(GROUP, "Wer ist bisher dabei?")
    ui.wait_for_text(ADA, "Wer ist bisher dabei?")
    group.get_by_label("Mehr", exact=True).click()
    group.get_by_role("button", name="Dieses Thema löschen").click()

    expect(group.get_by_role("navigation", name="Themen")).to_be_hidden()


def test_toast(ui: SandboxUI) -> None:
    """The answer to a tap is shown as a status in the chat."""
    ui.fill("Wir suchen Partner.")
    ui.wait_for_text(GROUP, "Anfrage")

    ui.tap_button(GROUP, "Übernehmen")
    ui.tap_button(GROUP, "Morgen erinnern")

    expect(ui.phone(GROUP).get_by_role("status").get_by_text("erinner")).to_be_visible()


def test_links_open_in_a_new_tab(ui: SandboxUI) -> None:
    """A link has its address as title and opens in a new tab without access to this one."""
    ui.send_text(ADA, "/kontakt")
    link = ui.wait_for_text(ADA, "@").get_by_role("link", name="@")

    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("title", link.get_attribute("href") or "")


def test_inline_mode(ui: SandboxUI) -> None:
    """After the bot's name, three inline results are suggested; the chosen one is sent and gets no reply."""
    ui.field(ADA).fill("@sandbox_bot Was ist eine Backbone-Organisation?")
    options = ui.phone(ADA).get_by_role("listbox", name="Vorschläge").get_by_role("option")
    expect(options).to_have_count(3)
    expect(options.first).to_contain_text("Fachliteratur:")
    ui.field(ADA).press("ArrowDown")
    title = options.nth(1).locator("strong").text_content() or ""
    ui.field(ADA).press("Enter")

    sent = ui.wait_for_text(ADA, title)
    expect(sent.get_by_text("via @sandbox_bot")).to_be_visible()
    expect(sent.locator("strong").first).to_have_text(title)
    expect(ui.field(ADA)).to_have_value("")
    sent.get_by_role("button", name="Beim Bot weiterlesen").click()
    expect(ui.phone(ADA).get_by_role("article")).to_have_count(3)  # the result, the command, and its answer
    expect(ui.phone(ADA).get_by_text("via @")).to_have_count(1)


def test_link_to_the_bot_opens_in_the_chat(ui: SandboxUI) -> None:
    """A t.me link to the bot with a start parameter opens in the chat, not in a new tab."""
    ui.send_text(ADA, "/start intro-2")
    ui.wait_for_text(ADA, "Schritt 2 von 9")
    ui.send_text(ADA, "/teilen")
    shared = ui.wait_for_text(ADA, "t.me/sandbox_bot?start=intro-2")
    shared.get_by_role("button", name="t.me/sandbox_bot?start=intro-2").click()

    expect(ui.phone(ADA).get_by_role("article").filter(has_text="Schritt 2 von 9")).to_have_count(2)
    assert len(ui.page.context.pages) == 1


def test_caption_can_be_edited(ui: SandboxUI) -> None:
    """The caption of a sent picture can be edited, and the picture is marked as edited."""
    ui.field(ADA).fill("Unser Haus")
    attach(ui, "Bild …", PICTURE)
    ui.wait_for_text(ADA, "Unser Haus").focus()
    ui.message(ADA, "Unser Haus").get_by_role("button", name="Bearbeiten").click()
    expect(ui.field(ADA)).to_have_value("Unser Haus")
    ui.send_text(ADA, "Unser Garten")

    changed = ui.wait_for_text(ADA, "Unser Garten")
    expect(changed).to_contain_text("bearbeitet")
    expect(changed.get_by_role("img", name="Unser Garten")).to_have_js_property("complete", True)
    expect(ui.phone(ADA).get_by_role("article").filter(has_text="Unser Haus")).to_have_count(0)

"""A page object that uses the sandbox's page in a browser as a person does: phones, messages, side panel."""

from collections.abc import Callable, Sequence

from playwright.sync_api import Locator, Page, expect

ADA, JONAS, BEA, GROUP, MAIL = "Ada Yıldız", "Jonas Weber", "Beraterin Bea", "Beratung", "Post"
FORM = ("Überspringen", "Verein oder NPO", "Überspringen", "Hier bei Telegram", "Ja, so weitergeben")

Press = Callable[[Locator], None]


class SandboxUI:
    """The loaded page. ``name`` always is that of a phone: a person, the group, or the mailbox."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(address)
        expect(page.locator("#cast button")).not_to_have_count(0)

    def phone(self, name: str) -> Locator:
        """Return a phone."""
        return self.page.get_by_role("region", name=name, exact=True)

    def field(self, name: str) -> Locator:
        """Return the text field of a phone."""
        return self.phone(name).get_by_role("textbox", name="Nachricht")

    def send_text(self, name: str, text: str) -> None:
        """Type a text and send it."""
        self.field(name).fill(text)
        self.field(name).press("Enter")

    def message(self, name: str, text: str) -> Locator:
        """Return the newest message that contains this text."""
        return self.phone(name).get_by_role("article").filter(has_text=text).last

    def wait_for_text(self, name: str, text: str) -> Locator:
        """Wait for a message that contains this text."""
        expect(self.message(name, text)).to_be_visible()
        return self.message(name, text)

    def tap_button(self, name: str, label: str) -> None:
        """Tap the newest button with this label."""
        self.phone(name).get_by_role("article").get_by_role("button", name=label, exact=True).last.click()

    def tab(self, name: str) -> Locator:
        """Open a tab of the side panel, and return its content."""
        if not self.panel.is_visible():
            self.page.get_by_role("button", name="Seitenleiste").click()
        self.page.get_by_role("tab", name=name).click()
        return self.page.get_by_role("tabpanel", name=name)

    def person(self, name: str) -> int:
        """Return the id of a person."""
        return int(self.phone(name).get_attribute("data-chat") or 0)

    def fill(self, concern: str, labels: Sequence[str] = FORM, press: Press = Locator.click) -> None:
        """Fill in the request form as Ada; ``press`` presses the buttons with these labels."""
        newest = self.phone(ADA).get_by_role("article").last
        for text in ("/beratung", concern):
            self.send_text(ADA, text)
            self.wait_for_text(ADA, text)
            expect(newest.get_by_role("group", name="Knöpfe")).to_be_visible()
        for label in labels:
            before = newest.text_content() or ""
            press(newest.get_by_role("button", name=label, exact=True))
            expect(newest).not_to_have_text(before)

    @property
    def panel(self) -> Locator:
        """The side panel."""
        return self.page.get_by_role("region", name="Seitenleiste")

    def tabs_to(self, target: Locator, key: str = "Tab") -> None:
        """Press a key until the target has the focus, like a person without a mouse."""
        for _ in range(120):
            self.page.keyboard.press(key)
            if target.evaluate("node => node === document.activeElement"):
                return
        raise AssertionError(f"{target} cannot be reached by {key}")

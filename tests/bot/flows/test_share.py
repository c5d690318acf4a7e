"""Links to the bot, and the picture with a QR code of one."""

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from bot.attachments.renderers import render_attachment
from bot.domain.commands import bot_link, is_start_parameter, share_link

LINK = "https://t.me/gemeinsam_wirken_bot?start=frage-backbone"
BLACK, WHITE = 0, 255


def picture(link: str, title: str) -> Image.Image:
    return Image.open(BytesIO(render_attachment("qr", {"link": link, "title": title}).content)).convert("L")


@pytest.mark.parametrize(
    ("link", "title"),
    [
        (LINK, "Backbone-Organisation"),
        ("https://t.me/b?start=" + "x" * 64, "#panic() *fett* $x$ \\ <b> “ü” 中" * 8),
        ("https://t.me/" + "n" * 32, ""),
    ],
)
@pytest.mark.parametrize("around", [BLACK, WHITE])
def test_qr_code_can_be_scanned(link: str, title: str, around: int) -> None:
    """The QR code can be scanned in a dark and in a light chat, at thumbnail size, whatever the title."""
    rendered = picture(link, title)
    chat = Image.new("L", (rendered.width + 80, rendered.height + 80), around)
    chat.paste(rendered, (40, 40))
    chat = chat.resize((chat.width // 3, chat.height // 3))

    barcodes = zxingcpp.read_barcodes(chat)

    assert [barcode.text for barcode in barcodes] == [link]


def test_margin_and_centred_title() -> None:
    """The QR code has a white margin on all sides, and the title below it is centred."""
    rendered = picture(LINK, "Backbone")
    ink = Image.eval(rendered, lambda value: WHITE - value)
    code, title = (
        ink.crop((0, 0, rendered.width, rendered.width)),
        ink.crop((0, rendered.width - 30, rendered.width, rendered.height)),
    )
    code_box, title_box = code.getbbox(), title.getbbox()

    assert code_box is not None
    assert title_box is not None
    module = (code_box[2] - code_box[0]) / 37  # a link of this length has 37 modules a side
    assert min(code_box[0], code_box[1], rendered.width - code_box[2]) >= 4 * module - 1
    assert abs(title_box[0] - (rendered.width - title_box[2])) <= 4


@pytest.mark.parametrize(
    ("start", "valid"),
    [
        ("frage-backbone", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("frage-über", False),
        ("", False),
        ("a b", False),
    ],
)
def test_start_parameters(start: str, valid: bool) -> None:
    """A parameter that Telegram does not accept is left out of the link."""
    assert is_start_parameter(start) is valid
    assert bot_link("bot", start) == ("https://t.me/bot" + (f"?start={start}" if valid else ""))


def test_share_link_is_percent_encoded() -> None:
    """Link and text are percent-encoded in a sharing link."""
    assert share_link("https://t.me/b?start=x", "Was & wie?") == (
        "https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fb%3Fstart%3Dx&text=Was%20%26%20wie%3F"
    )

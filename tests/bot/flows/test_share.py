"""Links, and the picture that holds one."""

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
def test_code_is_read(link: str, title: str, around: int) -> None:
    """The code is read as the link in a dark and in a light chat, at the size of a thumbnail, whatever the title."""
    drawn = picture(link, title)
    chat = Image.new("L", (drawn.width + 80, drawn.height + 80), around)
    chat.paste(drawn, (40, 40))
    chat = chat.resize((chat.width // 3, chat.height // 3))

    found = zxingcpp.read_barcodes(chat)

    assert [one.text for one in found] == [link]


def test_margin_and_centred_title() -> None:
    """The code has a white margin on all sides, and the words below it stand in the middle."""
    drawn = picture(LINK, "Backbone")
    ink = Image.eval(drawn, lambda value: WHITE - value)
    code, words = (
        ink.crop((0, 0, drawn.width, drawn.width)),
        ink.crop((0, drawn.width - 30, drawn.width, drawn.height)),
    )
    at, below = code.getbbox(), words.getbbox()

    assert at is not None
    assert below is not None
    module = (at[2] - at[0]) / 37  # a link of this length has 37 modules a side
    assert min(at[0], at[1], drawn.width - at[2]) >= 4 * module - 1
    assert abs(below[0] - (drawn.width - below[2])) <= 4


@pytest.mark.parametrize(
    ("start", "fit"),
    [
        ("frage-backbone", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("frage-über", False),
        ("", False),
        ("a b", False),
    ],
)
def test_start_parameters(start: str, fit: bool) -> None:
    """What Telegram does not take as a parameter never gets into a link."""
    assert is_start_parameter(start) is fit
    assert bot_link("bot", start) == ("https://t.me/bot" + (f"?start={start}" if fit else ""))


def test_share_link_escapes() -> None:
    """Address and text come out of the sharing link as they went in."""
    assert share_link("https://t.me/b?start=x", "Was & wie?") == (
        "https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fb%3Fstart%3Dx&text=Was%20%26%20wie%3F"
    )

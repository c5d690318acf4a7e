"""Files both ways: people's files can be downloaded, the bot's uploads are kept, and pictures can be replaced."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from telegram import Bot, InputMediaDocument, InputMediaPhoto, Message
from telegram.error import BadRequest, NetworkError, TelegramError

from bot.sandbox.fake_telegram import FakeTelegram, User
from bot.sandbox.fake_telegram.rules.images import plain_png, read_image_size

PICTURE, OTHER = plain_png(20, 10), plain_png(9, 9)
LARGE = PICTURE + bytes(10 * 1024 * 1024)


async def test_sent_files_can_be_downloaded(fake_telegram: FakeTelegram, ada: User) -> None:
    """A photo, a document and a voice message from a person can be downloaded unchanged."""
    sent = {"photo": PICTURE, "document": b"%PDF-1.7 x", "voice": b"OggS voice"}
    ada.send_photo("Bild", content=sent["photo"])
    ada.send_document("a.pdf", content=sent["document"], caption="Datei")
    ada.send_voice(content=sent["voice"], seconds=7)
    address = f"{fake_telegram.url}/file/bot"

    async with Bot(fake_telegram.token, base_url=fake_telegram.base_url, base_file_url=address) as bot:
        photo, document, voice = [update.message for update in await bot.get_updates()]
        assert photo is not None
        assert document is not None
        assert voice is not None
        assert document.document is not None
        assert voice.voice is not None
        downloaded = [
            bytes(await (await item.get_file()).download_as_bytearray())
            for item in (photo.photo[-1], document.document, voice.voice)
        ]

    assert downloaded == list(sent.values())
    assert (photo.photo[-1].width, photo.photo[-1].height, photo.caption) == (20, 10, "Bild")
    assert (document.document.file_name, document.document.mime_type) == ("a.pdf", "application/pdf")
    assert voice.voice.duration is not None
    assert fake_telegram.violations == []


@pytest.mark.parametrize("path", ["photos/none.jpg", "..%2fworld.py", "%2e%2e/world.py", "/etc/passwd"])
async def test_unknown_paths_are_not_found(fake_telegram: FakeTelegram, path: str) -> None:
    """A path that getFile never returned is not found, and a wrong token is unauthorised."""
    async with httpx.AsyncClient() as client:
        answers = [
            await client.get(f"{fake_telegram.url}/file/bot{token}/{path}") for token in (fake_telegram.token, "1:x")
        ]

    assert [answer.status_code for answer in answers] == [404, 401]


async def test_photo_is_replaced(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A photo and its caption can be replaced by an upload, by a known file, and by a file of another kind."""
    first = await bot.send_photo(ada.id, PICTURE, caption="eins")
    second = await bot.edit_message_media(InputMediaPhoto(OTHER, caption="zwei"), ada.id, first.id)
    assert isinstance(second, Message)
    third = await bot.edit_message_media(InputMediaPhoto(first.photo[-1].file_id), ada.id, first.id)
    assert isinstance(third, Message)
    document = await bot.edit_message_media(InputMediaDocument(b"%PDF-", filename="b.pdf"), ada.id, first.id)

    assert (second.id, second.photo[-1].width, second.caption) == (first.id, 9, "zwei")
    assert second.edit_date is not None
    assert (third.photo[-1].file_id, third.caption) == (first.photo[-1].file_id, None)
    assert isinstance(document, Message)
    assert document.document is not None
    assert document.document.file_name == "b.pdf"
    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_media(InputMediaDocument(document.document.file_id), ada.id, first.id)
    assert fake_telegram.violations == []


async def test_reactions_are_accepted(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A reaction to a person's message is accepted."""
    message = ada.send_text("Danke")

    assert await bot.set_message_reaction(ada.id, message.id, "👍")
    assert fake_telegram.violations == []


Call = Callable[[Bot, int], Awaitable[object]]


LIMITS: list[tuple[str, Call]] = [
    ("file must be non-empty", lambda bot, chat: bot.send_document(chat, b"")),
    ("IMAGE_PROCESS_FAILED", lambda bot, chat: bot.send_photo(chat, b"no picture")),
    ("PHOTO_INVALID_DIMENSIONS", lambda bot, chat: bot.send_photo(chat, plain_png(410, 20))),
    ("PHOTO_INVALID_DIMENSIONS", lambda bot, chat: bot.send_photo(chat, plain_png(9_000, 1_001))),
    ("is too big for a photo; the maximum size is 10485760 bytes", lambda bot, chat: bot.send_photo(chat, LARGE)),
    ("message caption is too long", lambda bot, chat: bot.send_photo(chat, PICTURE, caption="c" * 1025)),
]


@pytest.mark.parametrize(("error", "call"), LIMITS, ids=[error for error, _ in LIMITS])
async def test_limits(fake_telegram: FakeTelegram, bot: Bot, ada: User, error: str, call: Call) -> None:
    """A file beyond a limit is rejected with Telegram's error text, is a violation, and sends nothing."""
    with pytest.raises(BadRequest) as rejected:
        await call(bot, ada.id)

    assert error.lower() in rejected.value.message.lower()
    assert [violation.kind for violation in fake_telegram.violations] == ["limit"]
    assert fake_telegram.view_chat(ada).messages == []


@pytest.mark.parametrize(
    ("error", "call"),
    [
        ("wrong file identifier", lambda bot, chat: bot.send_document(chat, "unheard-of")),
        ("can't use file of type Photo as Document", lambda bot, chat: bot.send_document(chat, "standin-file-0001")),
        ("invalid file_id", lambda bot, chat: bot.get_file("unheard-of")),
        ("message to edit not found", lambda bot, chat: bot.edit_message_media(InputMediaPhoto(PICTURE), chat, 99)),
    ],
)
async def test_errors_of_a_correct_bot(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, error: str, call: Call
) -> None:
    """An error that a correct bot may run into has Telegram's text and is no violation."""
    ada.send_photo()

    with pytest.raises(BadRequest) as rejected:
        await call(bot, ada.id)

    assert error.lower() in rejected.value.message.lower()
    assert fake_telegram.violations == []


async def test_files_too_large(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """An upload of more than 50 MB and a download of more than 20 MB are rejected."""
    large = ada.send_document(content=bytes(21 * 2**20))

    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(ada.id, bytes(50_000_001))
    with pytest.raises(TelegramError, match=r"(?i)file is too big"):
        await bot.get_file(large.raw["document"]["file_id"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (plain_png(3, 5), (3, 5)),
        (b"GIF89a\x07\x00\x02\x00", (7, 2)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x06\x00\x09", (9, 6)),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x04\0\0\x01\0\0", (5, 2)),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
    ids=["png", "gif", "jpeg", "webp", "cut png", "cut jpeg", "nothing"],
)
def test_image_size(content: bytes, expected: tuple[int, int] | None) -> None:
    """Width and height are read from a picture's first bytes, and are unknown for incomplete pictures."""
    assert read_image_size(content) == expected

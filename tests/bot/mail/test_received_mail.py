"""E-mails as they are received: answers of fourteen mail programs, files, headers, and hostile forms."""

import base64
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail import received_mail
from bot.mail.quoted_text import cut_quoted_text
from bot.mail.received_mail import read_content, read_headers

MAILS = Path(__file__).parents[2] / "data" / "mails"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 60_000


@pytest.mark.parametrize("path", sorted(MAILS.glob("*.eml")), ids=lambda path: path.stem)
def test_answer_of_each_mail_program(path: Path) -> None:
    """Of an answer from each mail program, only what the adviser wrote remains."""
    assert read_content(path.read_bytes()).text == path.with_suffix(".txt").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ja.\n\nJack <a@b.org> wrote on 1 Dec 2026:\n> Frage", "Ja."),
        ("Ja.\n\n-------- Ursprüngliche Nachricht --------\nVon: a\nFrage", "Ja."),
        ("Ja.\n\n*Von:* a <a@b.org>\n*Gesendet:* 1.12.2026\n*An:* c\n*Betreff:* d\n\nFrage", "Ja."),
        ("Am 3. Mai 2026 schrieb die Stadt:\nNichts.", "Am 3. Mai 2026 schrieb die Stadt:\nNichts."),
        ("Von: hier ist es nah.\nAn: kommen ist leicht.", "Von: hier ist es nah.\nAn: kommen ist leicht."),
        ("Ja.\nViele Grüße\nBea\nP.S. 030 1234567", "Ja.\nViele Grüße\nBea\nP.S. 030 1234567"),
        ("Gruß\nBea\n\nTermin: Montag", "Gruß\nBea\n\nTermin: Montag"),
        ("Viele Grüße\nBea\nwww.phineo.org", "Viele Grüße\nBea"),
        ("> nur Zitat\n> mehr", ""),
        ("-- \nBea", ""),
    ],
)  # fmt: skip
def test_what_is_cut(text: str, expected: str) -> None:
    """Quotations and signatures in other forms are cut, and sentences that only look like them are kept."""
    assert cut_quoted_text(text) == expected


@given(st.text(st.sampled_from("> \n:-@<Ausschrieb Von:Gesendet09."), max_size=400))
def test_cutting_adds_nothing(text: str) -> None:
    """Whatever a text is, each line of the result is a line of it."""
    lines = {line.strip() for line in text.replace("\u00a0", " ").split("\n")}

    assert {line.strip() for line in cut_quoted_text(text).split("\n")} <= lines | {""}


def test_files() -> None:
    """Files and pasted pictures come along with safe names; logos and signatures of S/MIME do not."""
    mail = EmailMessage()
    mail.set_content("Siehe Anhang.")
    mail.add_alternative('<p>Siehe Anhang.<img src="cid:logo"><img src="cid:shot"></p>', subtype="html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="../Plan\u202efdp.exe/Übersicht.pdf")
    for name, content in (("logo", b"small"), ("shot", PICTURE)):
        mail.add_attachment(content, maintype="image", subtype="png", filename=f"{name}.png", cid=f"<{name}>")
    mail.add_attachment(b"x", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    mail.add_attachment("Text als Datei", filename="notiz.txt")

    found = read_content(mail.as_bytes())

    assert [file.name for file in found.files] == ["Plan fdp.exe Übersicht.pdf", "shot.png", "notiz.txt"]
    assert base64.b64decode(found.files[1].content) == PICTURE
    assert (found.text, found.left_out) == ("Siehe Anhang.", ())


def test_files_beyond_the_limits_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files beyond number and size are left out and named; a long text is cut, and comes along as a file."""
    monkeypatch.setattr(received_mail, "MAX_FILE_BYTES", 10)
    mail = EmailMessage()
    mail.set_content("lang " * 3_000)
    for number in range(3):
        mail.add_attachment(b"12345" * number, maintype="application", subtype="zip", filename=f"{number}.zip")
    mail.add_attachment(b"1", maintype="application", subtype="zip", filename="weiter.zip")

    content = read_content(mail.as_bytes())

    assert [file.name for file in content.files] == ["E-Mail.txt", "1.zip", "weiter.zip"]
    assert content.left_out == ("2.zip",)
    assert len(content.text) <= received_mail.MAX_TEXT_LENGTH + 2


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner=x",
        "Precedence: bulk",
        "X-Autoreply: yes",
        "List-Id: <neues.example.org>",
        "Return-Path: <>",
        "Subject: =?utf-8?q?Automatische_Antwort=3A_Anfrage?=",
        "Subject: Abwesenheitsnotiz: Anfrage",
        "Content-Type: multipart/report; report-type=delivery-status",
    ],
)
def test_automatic_mail(header: str) -> None:
    """What no person wrote is recognised by its headers."""
    assert read_headers(f"From: a@example.org\n{header}\n\n".encode()).is_automatic
    assert not read_headers(b"From: a@example.org\nAuto-Submitted: no\nSubject: Re: Anfrage\n\n").is_automatic


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ("From: Bea <Bea@Example.org>", "bea@example.org"),
        ("From: =?utf-8?q?Bea_=3Cjacob=40example=2Eorg=3E?= <bea@example.org>", "bea@example.org"),
        ('From: "jacob@example.org" <eve@example.org>', "eve@example.org"),
        ("From: bea@example.org, eve@example.org", ""),
        ("From: bea@example.org\nFrom: eve@example.org", ""),
        ("From: bea@example.org <eve@example.org>", ""),
        ("Sender: bea@example.org", ""),
    ],
)
def test_sender(headers: str, sender: str) -> None:
    """The sender is the one address in the one From header; if that is in doubt, nobody is."""
    assert read_headers(f"{headers}\n\n".encode()).sender == sender


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "multipart/mixed; boundary=a", 'text/plain; charset="\0"', "text/html"]),
)
def test_any_bytes_can_be_read(content: bytes, content_type: str) -> None:
    """Whatever bytes arrive, reading them ends without an error."""
    mail = f"From: a@example.org\nContent-Type: {content_type}\n".encode() + content

    read_headers(mail)
    read_content(mail)

"""Requests by e-mail, through a real SMTP server on this machine."""

import shutil
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bot.domain.consultation import ContactChannel, Details, Request, RequestContext
from bot.domain.message import SendMail
from bot.errors import SettingsError
from bot.flows.dialogue import Dialogue
from bot.mail.delivery import make_mail_sender
from bot.mail.messages import compose_request_mail
from bot.mail.smtp import Mailer, is_loopback_host, permanent_failure
from bot.pipeline.outbox import Rejected, Retry
from bot.settings import Settings
from knowledge.records.contacts import Contact
from tests.bot.pipeline.test_outbox import BUSY, faulty

CONTACT = Contact("jacob", "Jacob Rohm", "Beratung", "+49 30 1", "jacob@example.org")
DETAILS = Details(
    "Wir möchten <script>anfangen</script>.",
    "Brücken e. V.; Kiel",
    "npo",
    "Kiel",
    ContactChannel.EMAIL,
    "ada@example.org",
)
REQUEST = Request(
    "ABCD-EFGH", 10, 20, "Ada Öz", "de", DETAILS, RequestContext("Was kostet das?", "k", "Kosten", 0.914, "Nichts."),
    "2026-11-24", "jacob", created=1_795_000_000.0, promised=1_795_100_000.0,
)  # fmt: skip


class Inbox:
    """Takes mails, or answers with what it was told to answer."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep a mail."""
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(envelope.content)
        return self.answer


class RudeInbox(Inbox):
    """Answers the goodbye with an error."""

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Be rude."""
        return "421 too busy to say goodbye"


def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    """Whether user and password are right."""
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"bot@x", b"p/w")
    return AuthResult(success=right, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*command.split(), "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem"


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    """The server's side of TLS."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return made


@pytest.fixture
def inbox() -> Inbox:
    """What the server takes."""
    return Inbox()


@pytest.fixture
def starttls(inbox: Inbox, context: ssl.SSLContext) -> Iterator[Controller]:
    """A server that wants STARTTLS and a login."""
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=login,
    )
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def smtps(inbox: Inbox, context: ssl.SSLContext) -> Iterator[Controller]:
    """A server that speaks TLS from the first byte."""
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), ssl_context=context)
    controller.start()
    yield controller
    controller.stop()


def free_port() -> int:
    """A port nobody listens on; aiosmtpd cannot choose one itself."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        number: int = held.getsockname()[1]
        return number


def mail(request: Request = REQUEST) -> EmailMessage:
    return compose_request_mail(request, CONTACT, "Bot <bot@example.org>", "Verlauf")


def test_mail_over_starttls_with_login(
    starttls: Controller, inbox: Inbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole mail arrives: both bodies, vCard, transcript, headers with umlauts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    Mailer(f"smtp://bot%40x:p%2Fw@127.0.0.1:{starttls.port}").send(mail())

    got = message_from_bytes(inbox.taken[0], policy=default)
    plain, html = got.get_body(("plain",)), got.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert got["Subject"] == "Anfrage ABCD-EFGH: Brücken e. V.; Kiel"
    assert (got["To"], got["Reply-To"]) == ("Jacob Rohm <jacob@example.org>", "Ada Öz <ada@example.org>")
    assert got["Message-ID"] == "<anfrage-ABCD-EFGH@example.org>"
    assert "Wir möchten <script>anfangen</script>." in plain.get_content()
    assert "<script>" not in html.get_content()
    assert "91 % sicher" in plain.get_content()
    names = {part.get_filename(): part.get_content() for part in got.iter_attachments()}
    assert set(names) == {"ABCD-EFGH.vcf", "ABCD-EFGH.txt"}
    assert "ORG:Brücken e. V.\\; Kiel" in names["ABCD-EFGH.vcf"]


def test_mail_over_tls(smtps: Controller, inbox: Inbox, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other scheme works as well, and its certificate is verified."""
    with pytest.raises(ssl.SSLError):
        Mailer(f"smtps://127.0.0.1:{smtps.port}").check_login()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    Mailer(f"smtps://127.0.0.1:{smtps.port}").send(mail())

    assert len(inbox.taken) == 1


@pytest.mark.parametrize(("answer", "final"), [("451 later", None), ("550 no such user", "refused (550)")])
def test_refusals_are_told_apart(
    smtps: Controller,
    inbox: Inbox,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    final: str | None,
) -> None:
    """What may pass is tried again; what never will is final."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    inbox.answer = answer

    with pytest.raises(smtplib.SMTPException) as caught:
        Mailer(f"smtps://127.0.0.1:{smtps.port}").send(mail())

    assert permanent_failure(caught.value) == final


def test_wrong_password_waits_for_the_operator(
    starttls: Controller, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that fails keeps the mail: it is tried again."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        Mailer(f"smtp://bot%40x:wrong@127.0.0.1:{starttls.port}").check_login()

    assert permanent_failure(caught.value) is None


def test_server_that_is_down_is_tried_again() -> None:
    """Nobody listens: later."""
    with pytest.raises(OSError) as caught:  # noqa: PT011 - whatever the system says
        Mailer("smtp://127.0.0.1:1").check_login()

    assert permanent_failure(caught.value) is None


def test_mail_server_that_is_rude_at_the_end() -> None:
    """A mail that was taken is sent, whatever the server answers to the goodbye."""
    inbox = RudeInbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        Mailer(f"smtp://127.0.0.1:{controller.port}").send(mail())
    finally:
        controller.stop()

    assert len(inbox.taken) == 1


def test_domains_beyond_ascii(inbox: Inbox) -> None:
    """A mail from and to domains with umlauts is taken by a server that knows ASCII only."""
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    controller.start()
    mailer = Mailer(f"smtp://127.0.0.1:{controller.port}")
    try:
        mailer.send(
            compose_request_mail(
                REQUEST, replace(CONTACT, email="info@bürgerstiftung-köln.de"), "bot@köln.example", ""
            )
        )
    finally:
        controller.stop()

    taken = message_from_bytes(inbox.taken[0], policy=default)
    assert taken["To"] == "Jacob Rohm <info@xn--brgerstiftung-kln-e0b3h.de>"
    assert "@xn--kln-sna.example>" in taken["Message-ID"]


async def test_mail_waits_for_the_store(parts: Dialogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail about a request that cannot be read now is tried again; one about a deleted request is given up."""
    monkeypatch.setenv("GW_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    send = make_mail_sender(Settings(), replace(parts, store=faulty(parts.store, find_request=[BUSY, None])))
    outgoing = SendMail("ABCD-2345")

    assert [await send(outgoing), await send(outgoing)] == [Retry(None), Rejected("the request was deleted")]


def test_names_cannot_add_headers() -> None:
    """Line breaks in what a person typed end in a space."""
    details = replace(DETAILS, organisation="Gut\r\nBcc: alle@example.org\u2028X: y")
    message = mail(replace(REQUEST, details=details, name="Eve\nTo: b@example.org"))

    assert message["Bcc"] is None
    assert message.get_all("To") == ["Jacob Rohm <jacob@example.org>"]
    assert "Bcc: alle" in message["Subject"]
    assert message_from_bytes(message.as_bytes(), policy=default)["Bcc"] is None


def test_reply_goes_to_the_person_only_where_they_gave_an_address() -> None:
    """Somebody who wants the answer in Telegram has no address to reply to."""
    assert mail(replace(REQUEST, details=Details("Rat")))["Reply-To"] is None


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://host:port", "host:587", "smtp://u:geheim@h:99999"])
def test_wrong_url_is_named_without_its_password(url: str) -> None:
    """The error says which variable is wrong, and no secret."""
    with pytest.raises(SettingsError) as caught:
        Mailer(url)

    assert "GW_SMTP_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("x.org", False)]
)
def test_only_this_machine_may_be_reached_in_the_clear(host: str, here: bool) -> None:
    """Any other server must offer STARTTLS."""
    assert is_loopback_host(host) is here

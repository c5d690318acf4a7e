"""Sending requests by e-mail, through a real SMTP server on this machine."""

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
from bot.domain.effects import CreateRequest
from bot.domain.message import SendMail, SendWithdrawalMail
from bot.errors import SettingsError
from bot.flows.dialogue import Dialogue
from bot.mail.delivery import make_mail_sender
from bot.mail.messages import compose_request_mail
from bot.mail.smtp import Mailer, is_loopback_host, permanent_failure
from bot.pipeline.outbox import Rejected, Retry, Sent
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
    """Accepts mails, or rejects them with the given answer."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Store a mail."""
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.received.append(envelope.content)
        return self.answer


class RudeInbox(Inbox):
    """Answers QUIT with an error."""

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Answer with an error."""
        return "421 too busy to say goodbye"


def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    """Check user name and password."""
    success = isinstance(data, LoginPassword) and (data.login, data.password) == (b"bot@x", b"p/w")
    return AuthResult(success=success, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
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
    """The server's TLS context."""
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return server_context


@pytest.fixture
def inbox() -> Inbox:
    """The mails that the server accepts."""
    return Inbox()


@pytest.fixture
def starttls(inbox: Inbox, context: ssl.SSLContext) -> Iterator[Controller]:
    """A server that requires STARTTLS and a login."""
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
    """Return a free port, since aiosmtpd cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def mail(request: Request = REQUEST) -> EmailMessage:
    return compose_request_mail(request, CONTACT, "Bot <bot@example.org>", "Verlauf")


def test_mail_over_starttls_with_login(
    starttls: Controller, inbox: Inbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail arrives completely: both bodies, vCard, transcript, and headers with umlauts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    Mailer(f"smtp://bot%40x:p%2Fw@127.0.0.1:{starttls.port}").send(mail())

    received = message_from_bytes(inbox.received[0], policy=default)
    plain, html = received.get_body(("plain",)), received.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert received["Subject"] == "Anfrage ABCD-EFGH: Brücken e. V.; Kiel"
    assert (received["To"], received["Reply-To"]) == ("Jacob Rohm <jacob@example.org>", "Ada Öz <ada@example.org>")
    assert received["Message-ID"] == "<anfrage-ABCD-EFGH@example.org>"
    assert "Wir möchten <script>anfangen</script>." in plain.get_content()
    assert "<script>" not in html.get_content()
    assert "91 % sicher" in plain.get_content()
    names = {part.get_filename(): part.get_content() for part in received.iter_attachments()}
    assert set(names) == {"ABCD-EFGH.vcf", "ABCD-EFGH.txt"}
    assert "ORG:Brücken e. V.\\; Kiel" in names["ABCD-EFGH.vcf"]


def test_mail_over_tls(smtps: Controller, inbox: Inbox, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With smtps:// the mail is sent over TLS, and the server's certificate is verified."""
    with pytest.raises(ssl.SSLError):
        Mailer(f"smtps://127.0.0.1:{smtps.port}").check_login()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    Mailer(f"smtps://127.0.0.1:{smtps.port}").send(mail())

    assert len(inbox.received) == 1


@pytest.mark.parametrize(("answer", "failure"), [("451 later", None), ("550 no such user", "refused (550)")])
def test_temporary_and_permanent_rejections(
    smtps: Controller,
    inbox: Inbox,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    failure: str | None,
) -> None:
    """A temporary rejection by the server is retried, and a permanent one is final."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    inbox.answer = answer

    with pytest.raises(smtplib.SMTPException) as caught:
        Mailer(f"smtps://127.0.0.1:{smtps.port}").send(mail())

    assert permanent_failure(caught.value) == failure


def test_wrong_password_is_temporary(
    starttls: Controller, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed login is temporary, so the mail is kept and retried."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        Mailer(f"smtp://bot%40x:wrong@127.0.0.1:{starttls.port}").check_login()

    assert permanent_failure(caught.value) is None


def test_unreachable_server_is_temporary() -> None:
    """An unreachable server is a temporary failure."""
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the message depends on the system
        Mailer("smtp://127.0.0.1:1").check_login()

    assert permanent_failure(caught.value) is None


def test_error_at_quit_is_ignored() -> None:
    """A mail that was accepted counts as sent, whatever the server answers to QUIT."""
    inbox = RudeInbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        Mailer(f"smtp://127.0.0.1:{controller.port}").send(mail())
    finally:
        controller.stop()

    assert len(inbox.received) == 1


def test_internationalised_domains(inbox: Inbox) -> None:
    """A mail from and to domains with umlauts is accepted by a server without SMTPUTF8."""
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

    received = message_from_bytes(inbox.received[0], policy=default)
    assert received["To"] == "Jacob Rohm <info@xn--brgerstiftung-kln-e0b3h.de>"
    assert "@xn--kln-sna.example>" in received["Message-ID"]


async def test_mail_waits_for_the_store(services: Dialogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail is retried if its request cannot be read now, and rejected if the request was deleted."""
    monkeypatch.setenv("GW_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    send = make_mail_sender(Settings(), replace(services, store=faulty(services.store, find_request=[BUSY, None])))
    outgoing = SendMail("ABCD-2345")

    assert [await send(outgoing), await send(outgoing)] == [
        Retry(None),
        Rejected("the request was deleted or withdrawn"),
    ]


@pytest.mark.parametrize("withdrawn", [True, False])
async def test_outdated_news_of_a_withdrawal_is_not_sent(
    services: Dialogue, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, withdrawn: bool
) -> None:
    """Of a withdrawal and its undoing that waited together, only what holds now is sent, once."""
    server = Controller(inbox, hostname="127.0.0.1", port=free_port())
    monkeypatch.setenv("GW_SMTP_URL", f"smtp://127.0.0.1:{server.port}")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    request = replace(REQUEST, withdrawn=withdrawn)
    services.store.apply([SendMail(request.reference)], [CreateRequest(request)])
    send = make_mail_sender(Settings(), services)

    server.start()
    try:
        for undone in (False, True):
            assert isinstance(await send(SendWithdrawalMail(request.reference, undone=undone)), Sent)
    finally:
        server.stop()

    (received,) = (message_from_bytes(each, policy=default) for each in inbox.received)
    assert ("zurueckgezogen" in received["Message-ID"]) is withdrawn


def test_names_cannot_add_headers() -> None:
    """Line breaks in text that a person typed cannot add headers to the mail."""
    details = replace(DETAILS, organisation="Gut\r\nBcc: alle@example.org\u2028X: y")
    message = mail(replace(REQUEST, details=details, name="Eve\nTo: b@example.org"))

    assert message["Bcc"] is None
    assert message.get_all("To") == ["Jacob Rohm <jacob@example.org>"]
    assert "Bcc: alle" in message["Subject"]
    assert message_from_bytes(message.as_bytes(), policy=default)["Bcc"] is None


def test_no_reply_to_without_an_address() -> None:
    """A mail has no Reply-To header if the person gave no e-mail address."""
    assert mail(replace(REQUEST, details=Details("Rat")))["Reply-To"] is None


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://host:port", "host:587", "smtp://u:geheim@h:99999"])
def test_invalid_url_is_reported_without_its_password(url: str) -> None:
    """The error about an invalid mail server URL names the variable and contains no secret."""
    with pytest.raises(SettingsError) as caught:
        Mailer(url)

    assert "GW_SMTP_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "is_loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("x.org", False)]
)
def test_only_loopback_is_allowed_without_tls(host: str, is_loopback: bool) -> None:
    """Only a server on this machine may be used without STARTTLS."""
    assert is_loopback_host(host) is is_loopback

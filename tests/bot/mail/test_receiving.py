"""Answers by e-mail, from a mailbox on an IMAP server on this machine to the requester's chat."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from bot.app.scheduler import purge_expired
from bot.cli import doctor
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import CreateRequest, ErasePerson, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.turn import State
from bot.errors import ConnectionFailed, SettingsError, StoreConflict, StoreUnavailable
from bot.flows.dialogue import Advisers, Dialogue
from bot.mail.imap import IMAP_ERRORS, ImapMailbox
from bot.mail.messages import compose_request_mail
from bot.mail.receiving import MAX_MAIL_BYTES, MailReceiver, run_mail_receiver
from bot.mail.reply_address import ReplySigner
from bot.pipeline.inbox import Inbox
from bot.pipeline.mail_handler import MAX_CONFLICTS, handle_mail
from bot.settings import Settings
from bot.store import ApiCall, Store
from bot.store.records import Destination
from bot.store.sql.outgoing_calls import from_row
from tests.bot.mail.test_mail import CONTACT, certificate, context  # noqa: F401 - fixtures
from tests.conftest import Clock
from tests.support.imap_server import ImapFolder, serve_imap
from tests.support.relay import ADA, CLOSED, DESK, OPEN, REFERENCE
from tests.support.stores import Faulty

pytestmark = pytest.mark.durability
SIGNER = ReplySigner("1:token", "bot+@example.org")
ADVISER = "jacob.rohm@phineo.org"


class Desk:
    """A bot with a mailbox: what arrives in it is handled at each check."""

    def __init__(self, services: Dialogue, folder: ImapFolder, url: str) -> None:
        self.services, self.folder = services, folder
        self.receiver = MailReceiver(
            services, ImapMailbox(url), SIGNER, {ADVISER: "Jacob Rohm", "bea@example.org": ""}
        )

    def check(self) -> None:
        """Look into the mailbox."""
        self.receiver.check_mailbox()

    async def resume(self) -> None:
        """Start again: handle what is left in the inbox."""
        inbox = Inbox(
            self.services.store,
            lambda update_id, update: handle_mail(self.services, lambda: None, update_id, update),
            lambda update: "",
        )
        await inbox.resume_pending()
        await inbox.wait_until_idle()

    @property
    def calls(self) -> list[ApiCall]:
        """What is queued for Telegram, in order."""
        rows = self.services.store.database.fetch_rows("SELECT * FROM outbox WHERE status = 'queued' ORDER BY id")
        return [call for row in rows if isinstance(call := from_row(row), ApiCall)]

    def texts(self, *, to_advisers: bool) -> list[str]:
        return [call.params.get("text", call.method) for call in self.calls if (call.chat_id == DESK) is to_advisers]

    def flags(self, uid: int) -> set[str]:
        return self.folder.mails[uid].flags


@pytest.fixture
def folder() -> ImapFolder:
    """An empty folder on the mail server."""
    return ImapFolder()


@contextmanager
def open_desk(services: Dialogue, store: Store, folder: ImapFolder, request: Request = OPEN) -> Iterator[Desk]:
    """Yield a bot with a request that has looked into its empty mailbox once."""
    store.apply((), [CreateRequest(request)])
    with serve_imap(folder) as url:
        started = Desk(replace(services, store=store), folder, url)
        started.receiver.check_mailbox()
        yield started


@pytest.fixture
def desk(services: Dialogue, embedded: Store, folder: ImapFolder) -> Iterator[Desk]:
    """A bot with an open request and an empty mailbox."""
    with open_desk(services, embedded, folder) as started:
        yield started


@pytest.fixture
def any_desk(services: Dialogue, store: Store, folder: ImapFolder) -> Iterator[Desk]:
    """The same; tests run with SQLite and PostgreSQL."""
    with open_desk(services, store, folder) as started:
        yield started


def answer(
    text: str = "Fragen Sie im Rathaus.",
    sender: str = f"Jacob <{ADVISER}>",
    reference: str = REFERENCE,
    **headers: str,
) -> bytes:
    """Return an answer to the e-mail about a request."""
    mail = EmailMessage(policy=SMTP)
    values = {
        "From": sender,
        "To": SIGNER.make_address(reference),
        "Subject": f"Re: Anfrage {reference}",
        "Message-ID": "<1@phineo.org>",
    }
    for name, value in (values | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


def test_answer_reaches_the_person(any_desk: Desk) -> None:
    """An answer reaches the requester and the request's topic; the request is taken and waits for the person."""
    desk = any_desk
    mail = EmailMessage(policy=SMTP)
    mail.set_content("Fragen Sie im <Rathaus>.\n\n> Anfrage")
    mail.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="Plan.pdf")
    thread = f"<anfrage-{SIGNER.sign_reference(REFERENCE)}@x.org>"
    for name, value in (("From", ADVISER), ("To", "Bot <BOT@example.org>"), ("In-Reply-To", thread)):
        mail[name] = value
    uid = desk.folder.deliver(mail.as_bytes())

    desk.check()

    request = desk.services.store.requests.find_request(REFERENCE)
    assert request is not None
    assert (request.status, request.adviser, request.turn) == (RequestStatus.TAKEN, "Jacob Rohm", Party.REQUESTER)
    assert request.talking
    (text, document), (copy,) = desk.texts(to_advisers=False), desk.texts(to_advisers=True)
    assert "Jacob Rohm" in text
    assert "Fragen Sie im &lt;Rathaus&gt;." in text
    assert "&gt; Anfrage" not in text
    assert document == "sendDocument"
    assert "Plan.pdf" in copy
    assert [call.destination for call in desk.calls] == [Destination.CHAT, Destination.CHAT, Destination.THREAD]
    (line,) = desk.services.store.requests.load_transcript(REFERENCE)
    assert (line.side, line.text) == ("adviser", "Fragen Sie im <Rathaus>.\n[Plan.pdf]")
    assert desk.flags(uid) == {r"\Seen"}


def test_all_mail_programs(desk: Desk) -> None:
    """The answers of all mail programs are recognised by address or Message-ID, and arrive in order."""
    paths = sorted((Path(__file__).parents[2] / "data" / "mails").glob("*.eml"))
    for path in paths:
        desk.folder.deliver(path.read_bytes())

    desk.check()

    texts = desk.texts(to_advisers=False)
    assert len(texts) == len(paths) >= 12
    assert [line.text for line in desk.services.store.requests.load_transcript(REFERENCE)] == [
        path.with_suffix(".txt").read_text(encoding="utf-8").strip() for path in paths
    ]


@pytest.mark.parametrize(
    ("mail", "notice"),
    [
        (answer(sender="eve@example.org"), "von eve@example.org"),
        (answer(sender=f'"{ADVISER}" <eve@example.org>'), "von eve@example.org"),
        (answer(sender=f"{ADVISER}, eve@example.org"), "von einem unklaren Absender"),
        (answer(Authentication_Results="mx.example.org; dmarc=fail header.from=phineo.org"), f"von {ADVISER}"),
        (answer(To="cem@example.org", Cc=SIGNER.make_address(REFERENCE)), "ich stand nur in Kopie"),
        (answer(Auto_Submitted="auto-replied"), "automatische Antwort von Jacob Rohm"),
        (answer("> nur Zitat"), "finde darin keine Antwort"),
        (answer(sender="MAILER-DAEMON@example.org"), "ließ sich nicht zustellen"),
    ],
)  # fmt: skip
def test_mail_that_is_not_passed_on(desk: Desk, mail: bytes, notice: str) -> None:
    """What is signed, but not an adviser's answer, is named in the topic and does not reach the requester."""
    uid = desk.folder.deliver(mail)

    desk.check()

    assert desk.texts(to_advisers=False) == []
    (text,) = desk.texts(to_advisers=True)
    assert notice in text
    assert "Rathaus" not in text
    assert r"\Seen" not in desk.flags(uid)
    request = desk.services.store.requests.find_request(REFERENCE)
    assert request == OPEN


@pytest.mark.parametrize(
    "mail",
    [
        answer(To="bot@example.org"),  # nothing but the number in the subject
        answer(To=f"bot+{REFERENCE.lower()}.aaaaaaaaaaaaaaaa@example.org"),
        answer(To=ReplySigner("2:other", "bot+@example.org").make_address(REFERENCE)),
        answer(To=SIGNER.make_address(REFERENCE).replace("aaaa-aaaa", "bbbb-aaaa")),
        answer(To="bot@example.org", In_Reply_To=f"<anfrage-{REFERENCE}@example.org>"),
        b"\xff\0 no mail at all",
    ],
)
def test_unsigned_mail_belongs_to_no_request(desk: Desk, mail: bytes) -> None:
    """A mail without a valid signature stays unread and flagged; the advisers learn that it is there."""
    uid = desk.folder.deliver(mail)

    desk.check()
    desk.check()

    assert desk.texts(to_advisers=False) == []
    assert desk.texts(to_advisers=True) == [
        "✉️ Im Postfach liegt eine E-Mail, die zu keiner Anfrage gehört. Bitte sehen Sie dort nach."
    ]
    assert desk.flags(uid) == {r"\Flagged"}


def test_advisers_are_told_of_unassigned_mails_once_an_hour(desk: Desk, clock: Clock) -> None:
    """A flood of mails that belong to no request is reported at once, and then together an hour later."""
    desk.services = replace(desk.services, now=clock)
    desk.receiver = replace(desk.receiver, services=desk.services)
    for number in range(3):
        desk.folder.deliver(answer(To="bot@example.org", Message_ID=f"<{number}@x.org>"))
    desk.check()
    assert len(desk.texts(to_advisers=True)) == 1
    clock.now += 3_600

    desk.check()
    desk.check()

    assert "liegen 2 E-Mails" in desk.texts(to_advisers=True)[-1]
    assert len(desk.texts(to_advisers=True)) == 2


def test_no_loops(desk: Desk) -> None:
    """Our own mails, newsletters and automatic answers without a signature are of no concern."""
    own = compose_request_mail(OPEN, CONTACT, "bot@example.org", "", SIGNER)
    desk.folder.deliver(own.as_bytes())
    desk.folder.deliver(answer(To="bot@example.org", List_Id="<neues.example.org>"))
    desk.folder.deliver(answer(To="bot@example.org", Auto_Submitted="auto-replied"))

    desk.check()

    assert desk.calls == []
    assert own["Auto-Submitted"] == "auto-generated"


def test_bounce_is_recognised_by_the_mail_it_returns(desk: Desk) -> None:
    """A delivery report is assigned by the Message-ID in the headers that it returns."""
    desk.folder.deliver(
        b"From: Mail Delivery System <mailer-daemon@example.org>\nReturn-Path: <>\nTo: bot@example.org\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
        b"Content-Type: text/rfc822-headers\n\nMessage-ID: <anfrage-"
        + SIGNER.sign_reference(REFERENCE).encode()
        + b"@example.org>\n--b--\n"
    )

    desk.check()

    (text,) = desk.texts(to_advisers=True)
    assert "ließ sich nicht zustellen" in text


def test_huge_mail_is_never_fetched(desk: Desk) -> None:
    """A mail above the limit is not fetched; the advisers learn that it is in the mailbox."""
    desk.folder.deliver(answer(), size=MAX_MAIL_BYTES + 1)

    desk.check()

    assert not any("BODY.PEEK[]" in command for command in desk.folder.log)
    assert "zu groß" in desk.texts(to_advisers=True)[0]


@pytest.mark.parametrize("command", ["FETCH .*HEADER", r"BODY\.PEEK\[\]", "STORE", "LOGOUT"])
def test_connection_lost_anywhere(desk: Desk, command: str) -> None:
    """Wherever the connection breaks, the answer is passed on exactly once."""
    uid = desk.folder.deliver(answer())
    desk.folder.dies_at = command
    if command == "LOGOUT":
        desk.check()
    else:
        with pytest.raises(IMAP_ERRORS):
            desk.check()

    desk.check()
    desk.check()

    assert len(desk.texts(to_advisers=False)) == 1
    assert desk.flags(uid) == {r"\Seen"}


@pytest.mark.parametrize("resumes", [True, False])
@pytest.mark.parametrize("method", ["add_updates", "finish_update", "find_request", "apply"])
async def test_killed_anywhere(desk: Desk, method: str, *, resumes: bool) -> None:
    """Wherever the bot dies, and whether inbox or mailbox is looked into first, the answer is passed on once."""
    desk.folder.deliver(answer())
    faulty: Any = Faulty(desk.services.store, **{method: [StoreUnavailable("died")]})
    died = replace(desk.receiver, services=replace(desk.services, store=faulty))
    with pytest.raises(StoreUnavailable):
        died.check_mailbox()
    if resumes:
        await desk.resume()

    desk.check()
    await desk.resume()

    assert len(desk.texts(to_advisers=False)) == 1


def test_delivered_twice_and_numbered_anew(any_desk: Desk) -> None:
    """A mail that was delivered twice, or is found again after the mailbox was rebuilt, is passed on once."""
    desk = any_desk
    desk.folder.deliver(answer())
    desk.folder.deliver(answer())
    desk.check()
    desk.folder.deliver(answer(To="bot@example.org", Message_ID="<2@x.org>"))
    desk.check()
    desk.folder.rebuild()
    desk.folder.deliver(answer("Noch etwas.", Message_ID="<3@x.org>"))

    desk.check()

    first, second = desk.texts(to_advisers=False)
    assert "Rathaus" in first
    assert "Noch etwas." in second
    assert sum("gehört" in text for text in desk.texts(to_advisers=True)) == 1


def test_conflict_is_decided_again(any_desk: Desk) -> None:
    """If an adviser takes the request at the same moment, the answer is decided again on its new state."""
    desk = any_desk
    desk.folder.deliver(answer())
    store = desk.services.store
    stale = store.requests.find_request(REFERENCE)
    other: Any = Faulty(store)
    requests = iter([stale])
    other.find_request = lambda reference: next(requests, None) or store.requests.find_request(reference)
    store.apply((), [UpdateRequest(OPEN.assign_to(30, "Bea"))])
    desk.receiver = replace(desk.receiver, services=replace(desk.services, store=other))

    desk.check()

    request = store.requests.find_request(REFERENCE)
    assert request is not None
    assert (request.adviser, request.turn) == ("Bea", Party.REQUESTER)
    assert len(desk.texts(to_advisers=False)) == 1


def test_request_that_changes_all_the_time(desk: Desk) -> None:
    """An answer whose request changes at every try waits in the inbox, and is passed on later."""
    uid = desk.folder.deliver(answer())
    faulty: Any = Faulty(desk.services.store, finish_update=[StoreConflict("changed")] * MAX_CONFLICTS)
    with pytest.raises(StoreConflict):
        replace(desk.receiver, services=replace(desk.services, store=faulty)).check_mailbox()
    assert desk.flags(uid) == set()

    desk.check()

    assert len(desk.texts(to_advisers=False)) == 1
    assert desk.flags(uid) == {r"\Seen"}


async def test_failure_of_our_own_blocks_nothing(desk: Desk) -> None:
    """An answer that cannot be handled waits for the next start; those behind it are passed on."""
    desk.folder.deliver(answer())
    desk.folder.deliver(answer("Noch etwas.", Message_ID="<2@x.org>"))
    faulty: Any = Faulty(desk.services.store, find_request=[ZeroDivisionError()])
    replace(desk.receiver, services=replace(desk.services, store=faulty)).check_mailbox()
    assert len(desk.texts(to_advisers=False)) == 1

    await desk.resume()

    assert len(desk.texts(to_advisers=False)) == 2


def test_mail_that_cannot_be_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail on which the library fails is left in the mailbox, flagged, and blocks nothing."""
    nested = b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n"
    head = answer().split(b"Content-Type")[0].replace(b"\r\n", b"\n").replace(b"<1@", b"<9@")
    uid = desk.folder.deliver(head + b"".join(nested % (number, number) for number in range(3_000)))
    desk.folder.deliver(answer())

    desk.check()

    assert desk.flags(uid) == {r"\Flagged"}
    assert "finde darin keine Antwort" in desk.texts(to_advisers=True)[0]
    assert len(desk.texts(to_advisers=False)) == 1


def test_mail_that_is_gone(desk: Desk) -> None:
    """A mail that somebody deletes while it is being read is no error."""
    desk.folder.deliver(answer())
    desk.folder.vanishes_at = "FETCH"

    desk.check()
    desk.check()

    assert desk.calls == []


def test_what_was_there_before_is_left_alone(services: Dialogue, embedded: Store, folder: ImapFolder) -> None:
    """At the first look into a mailbox, the mails that are in it are left alone."""
    folder.deliver(answer())
    with serve_imap(folder) as url:
        desk = Desk(replace(services, store=embedded), folder, url)
        desk.check()
        desk.check()

    assert desk.calls == []


def test_closed_request(services: Dialogue, embedded: Store, folder: ImapFolder) -> None:
    """An answer to a closed request is not passed on, and stays flagged; the advisers can reopen the request."""
    with open_desk(services, embedded, folder, CLOSED) as desk:
        uid = folder.deliver(answer())
        desk.check()

    (call,) = desk.calls
    assert "abgeschlossen" in call.params["text"]
    assert "reopen" in str(call.params["reply_markup"])
    assert desk.flags(uid) == {r"\Flagged"}


async def test_deleted_request(desk: Desk) -> None:
    """After the person deleted their data, an answer reaches nobody, and nothing of it is kept."""
    store = desk.services.store
    desk.folder.deliver(answer("Geheimnis"))
    faulty: Any = Faulty(store, finish_update=[StoreUnavailable("died")])
    with pytest.raises(StoreUnavailable):
        replace(desk.receiver, services=replace(desk.services, store=faulty)).check_mailbox()
    event = Event(1, EventKind.BUTTON, ADA, ADA, 5)
    store.inbox.add_updates([(1, str(ADA), "{}")])
    store.finish_update(1, event, State(), (), [ErasePerson()])

    await desk.resume()

    assert any("gibt es nicht mehr" in text for text in desk.texts(to_advisers=True))
    assert desk.texts(to_advisers=False) == []
    assert not store.database.fetch_rows("SELECT 1 FROM inbox WHERE body LIKE '%Geheimnis%'")


def test_without_a_chat_of_advisers(services: Dialogue, embedded: Store, folder: ImapFolder) -> None:
    """Where advisers work by e-mail only, the person is told the address to write back to."""
    with open_desk(replace(services, advisers=Advisers(None)), embedded, folder) as desk:
        folder.deliver(answer())
        desk.check()

    (text,) = desk.texts(to_advisers=False)
    assert f"Zurückschreiben können Sie an {ADVISER}." in text
    request = embedded.requests.find_request(REFERENCE)
    assert request is not None
    assert not request.talking


def test_progress_outlives_the_retention_period(desk: Desk, clock: Clock) -> None:
    """How far the mailbox was read is kept when old data are deleted."""
    clock.now += 10_000 * 86_400
    purge_expired(replace(desk.services, now=clock))

    assert desk.services.store.database.fetch_rows("SELECT last_uid FROM mailboxes")


def test_mail_is_encrypted_and_the_server_known(
    folder: ImapFolder,
    context: ssl.SSLContext,  # noqa: F811 - a fixture
    certificate: Path,  # noqa: F811 - a fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With imaps:// the connection uses TLS, and the server's certificate is verified."""
    with serve_imap(folder, context=context) as url:
        with pytest.raises(ssl.SSLError), ImapMailbox(url).open_session():
            pass
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with ImapMailbox(url).open_session() as session:
            assert session.uid_validity == folder.uid_validity


def test_login_without_sasl_and_wrong_passwords(folder: ImapFolder) -> None:
    """A server without AUTH=PLAIN gets LOGIN; a wrong password or folder is an error."""
    with serve_imap(folder, capabilities="") as url:
        with ImapMailbox(url).open_session() as session:
            assert session.list_uids(0) == []
        for wrong in (url.replace("gehe", "falsch"), url.replace("gehe", "fälsch"), url + "/weg"):
            with pytest.raises(IMAP_ERRORS), ImapMailbox(wrong).open_session():
                pass


@pytest.mark.parametrize(
    "url",
    [
        "imap://u:p@mail.example.org",
        "https://u:p@h",
        "imaps://",
        "imaps://host/INBOX",
        "imaps://u:geheim@h:99999",
        "imaps://u:geheim@h/a%22b",
        "imaps://u:geheim@h/a%0d%0ab",
    ],
)
def test_invalid_url_is_reported_without_its_password(url: str) -> None:
    """The error about an invalid mailbox URL, or one without TLS, names the variable and contains no secret."""
    with pytest.raises(SettingsError) as caught:
        ImapMailbox(url)

    assert "GW_IMAP_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)


async def test_errors_are_survived(desk: Desk) -> None:
    """The task goes on after an error of the mail server and waits longer each time."""
    waits: list[float] = []
    unreachable = replace(desk.receiver, mailbox=ImapMailbox("imap://u:p@127.0.0.1:1", timeout=1))

    class Enough(Exception):
        pass

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 5:
            raise Enough

    with pytest.raises(Enough):
        await run_mail_receiver(unreachable, sleep)

    assert waits == [60, 120, 240, 480, 480]


def test_doctor_opens_the_mailbox(folder: ImapFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """`gwbot doctor` logs in to the mailbox, and says which variable to check if that fails."""
    folder.deliver(answer())
    monkeypatch.setenv("GW_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    monkeypatch.setenv("GW_MAIL_REPLY_TO", "bot+@example.org")
    assert doctor._check_mailbox(Settings()) == doctor.Finding(
        doctor.State.OFF, "GW_IMAP_URL is not set, so answers by e-mail are not read"
    )
    with serve_imap(folder) as url:
        monkeypatch.setenv("GW_IMAP_URL", url)
        found = doctor._check_mailbox(Settings())
        monkeypatch.setenv("GW_IMAP_URL", url.replace("gehe", "falsch"))
        with pytest.raises(ConnectionFailed, match="Check GW_IMAP_URL"):
            doctor._check_mailbox(Settings())

    assert found == "1 e-mail in Antworten; answers go to bot+@example.org, one for each request"

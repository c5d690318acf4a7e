"""Deep links with guessed places, and commands that are not for whoever sends them."""

import pytest

from bot.sandbox.fake_telegram import Group, User
from tests.security.conftest import PATIENCE, Whole

STARTS = {
    "entry-unknown": "frage-evil", "entry-intent": "frage-@greeting", "entry-path": "frage-../../etc/passwd",
    "entry-none": "frage-", "entry-case": "frage-COLLECTIVE-IMPACT", "entry-sql": "frage-' OR 1=1 --",
    "entry-jinja": "frage-{{7*191}}", "entry-html": "frage-<b>evil</b>", "step-word": "intro-evil",
    "step-minus": "intro--1", "step-float": "intro-1.5", "step-superscript": "intro-²", "step-none": "intro-",
    "code-short": "check-A", "code-none": "check-", "code-unknown": "check-AAAAAA", "code-digit": "check-AAAAA1",
    "code-star": "check-******", "desk": "q:close:AAAA-BBBB", "aside": "h:done:AAAA-BBBB", "delete": "d:yes",
    "request": "AAAA-BBBB", "long": "x" * 3_000, "digits": "frage-" + "9" * 3_000, "lines": "intro\nevil",
    "rtl": "\u202eortni", "nul": "intro\x00", "space": "be ratung", "twice": "beratung beratung", "html": "<b>evil</b>",
}  # fmt: skip
FAR = {"zero": "0", "after-last": "99", "huge": "9" * 3_000, "arabic": "٣", "padded": "000000001"}
CONCERN = "Streng vertrauliches Anliegen"


@pytest.fixture(scope="module")
def other(whole: Whole) -> Group:
    """A group of other people that the bot is in, too, with Bea the adviser among them; a request is open."""
    ada = whole.person("Ada Geheim")
    whole.card(whole.request(ada, CONCERN))
    return whole.fake_telegram.add_group("Fremde", [whole.person("Eve"), whole.bea], bot_is_admin=True)


@pytest.mark.parametrize("kind", STARTS)
def test_a_link_to_nowhere_leads_to_the_start(whole: Whole, kind: str) -> None:
    """A parameter that names no place of ours brings the beginning, or says that the code is unknown."""
    eve = whole.person("Eve")

    answer = whole.send_text(eve, f"/start {STARTS[kind]}")

    assert answer.text.startswith(("Guten Tag", "Willkommen", "Den Code", "Hallo")) or "Code" in answer.text
    assert "1337" not in answer.text
    assert "evil" not in answer.text
    assert whole.store.users.load_state(f"{eve.id}:{eve.id}").form is None


@pytest.mark.parametrize("kind", FAR)
def test_a_step_that_there_is_not(whole: Whole, kind: str) -> None:
    """A step's number is kept within the path."""
    eve = whole.person("Eve")

    whole.send_text(eve, f"/start intro-{FAR[kind]}")

    assert 1 <= whole.store.users.load_state(f"{eve.id}:{eve.id}").step <= 9


@pytest.mark.parametrize("text", ["/start beratung", "/beratung", "/meinedaten", "/loeschen", "/selbstcheck",
                                  "/mitnehmen", "/start@standin_bot beratung", "/consult", "/mydata", "/delete"])  # fmt: skip
def test_nothing_private_in_front_of_a_group(whole: Whole, other: Group, text: str) -> None:
    """What asks for or shows a person's own is begun in the private chat only, also by a link into a group."""
    eve = next(one for one in other.chat.members if one != whole.bea.id)
    by = User(whole.fake_telegram.world, whole.fake_telegram.world.accounts[eve])

    by.send_text(text, other)
    answer = by.wait_for_reply_sync(chat=other, timeout=PATIENCE)

    assert "privaten Chat" in answer.text or "unter vier Augen" in answer.text
    assert whole.store.users.load_state(f"{other.id}:{eve}").form is None


@pytest.mark.parametrize("text", ["/anfragen", "/status", "/anfragen@standin_bot"])
@pytest.mark.parametrize("who", ["stranger", "stranger-in-group", "adviser-in-other-group"])
def test_the_advisers_commands_by_others_and_elsewhere(whole: Whole, other: Group, text: str, who: str) -> None:
    """Requests are listed for advisers, and never in front of another group."""
    by = whole.bea if who.startswith("adviser") else whole.person("Eve")
    if who == "stranger-in-group":
        other.add_member(by.account)
    where = None if who == "stranger" else other

    by.send_text(text, where)
    answer = by.wait_for_reply_sync(chat=where, timeout=PATIENCE)

    assert CONCERN not in answer.text
    assert "Ada Geheim" not in answer.text


@pytest.mark.parametrize("way", ["topic-number", "reply", "edit", "mention", "command"])
def test_another_group_reaches_nobody(whole: Whole, other: Group, way: str) -> None:
    """What is written in another group never goes to a person, whatever topic or message it names."""
    mia = whole.person("Mia")
    reference = whole.request(mia)
    card = whole.card(reference)
    eve = next(one for one in other.chat.members if one != whole.bea.id)
    by = User(whole.fake_telegram.world, whole.fake_telegram.world.accounts[eve])
    by.send_text("/hilfe", other)
    answered = by.wait_for_reply_sync(chat=other, timeout=PATIENCE)
    match way:
        case "topic-number":
            by.send_text("evil-words", other, topic=card.thread_id)
        case "reply":
            by.send_text("evil-words", other, reply_to=answered)
        case "edit":
            by.edit_text(by.send_text("x", other), "evil-words", other)
        case "mention":
            by.send_text("@standin_bot evil-words", other)
        case "command":
            by.send_text(f"/anfragen {reference} evil-words", other)

    whole.send_text(mia, "/hilfe")

    assert not [seen for seen in mia.bot_messages() if "evil-words" in seen.text]
    assert whole.store.requests.load_transcript(reference) == []
    assert whole.store.requests.find_request(reference) == whole.store.requests.requests_by_user(mia.id)[0]


@pytest.mark.parametrize("text", ["// evil-note", "//evil-note", "//\nevil-note"])
@pytest.mark.parametrize("kind", ["text", "caption"])
def test_a_note_among_advisers_stays_there(whole: Whole, text: str, kind: str) -> None:
    """What begins with // goes to nobody, as a text or under a picture."""
    mia = whole.person("Mia")
    reference = whole.request(mia)
    card = whole.card(reference)
    if kind == "text":
        whole.bea.send_text(text, whole.forum, topic=card.thread_id)
    else:
        whole.bea.send_photo(text, whole.forum, topic=card.thread_id)
    whole.bea.send_text("Das hier geht hinaus.", whole.forum, topic=card.thread_id)

    whole.wait_for_text(mia, "Das hier geht hinaus.")

    assert not [seen for seen in mia.bot_messages() if "evil-note" in seen.text]
    assert [line.text for line in whole.store.requests.load_transcript(reference)] == ["Das hier geht hinaus."]


@pytest.mark.parametrize(
    "code", ["", "-" * 9, "de/../..", "{{7*191}}", "<b>", "'; --", "\u202e", "xx-evil", "DE", "e" * 500]
)
def test_a_hostile_language_code(whole: Whole, code: str) -> None:
    """Whatever language Telegram claims, the answer is in one of ours."""
    answer = whole.send_text(whole.person("Eve", code), "/hilfe")

    assert answer.text.startswith("Das kann ich für Sie tun")
    assert "1337" not in answer.text


@pytest.mark.parametrize("name", ["../../evil.pdf", "evil.pdf\r\nX: 1", "<b>evil</b>.pdf", "evil\x00.pdf", "\u202efdp.exe", "a" * 4_000,
                                  "CON", "evil.svg", "bomb.zip", "%00", "{{7*191}}.pdf", "-rf", "|sh"])  # fmt: skip
def test_a_file_with_a_hostile_name(whole: Whole, name: str) -> None:
    """The bot says that it reads no files; it never asks for the file, so neither name nor content does anything."""
    eve = whole.person("Eve")
    eve.send_document(name, content=b"PK\x03\x04" + b"\0" * 10_000)

    answer = eve.wait_for_reply_sync(timeout=PATIENCE)

    assert "evil" not in answer.text
    assert whole.fake_telegram.calls_to("getFile") == []

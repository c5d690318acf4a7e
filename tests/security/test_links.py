"""Deep links with guessed parameters, and commands from people who may not use them."""

import pytest

from bot.sandbox.fake_telegram import Group, User
from tests.security.conftest import WAIT_TIMEOUT, RunningBot

START_PARAMETERS = {
    "entry-unknown": "frage-evil", "entry-intent": "frage-@greeting", "entry-path": "frage-../../etc/passwd",
    "entry-none": "frage-", "entry-case": "frage-COLLECTIVE-IMPACT", "entry-sql": "frage-' OR 1=1 --",
    "entry-jinja": "frage-{{7*191}}", "entry-html": "frage-<b>evil</b>", "step-word": "intro-evil",
    "step-minus": "intro--1", "step-float": "intro-1.5", "step-superscript": "intro-²", "step-none": "intro-",
    "code-short": "check-A", "code-none": "check-", "code-unknown": "check-AAAAAA", "code-digit": "check-AAAAA1",
    "code-star": "check-******", "desk": "q:close:AAAA-BBBB", "aside": "h:done:AAAA-BBBB", "delete": "d:yes",
    "request": "AAAA-BBBB", "long": "x" * 3_000, "digits": "frage-" + "9" * 3_000, "lines": "intro\nevil",
    "rtl": "\u202eortni", "nul": "intro\x00", "space": "be ratung", "twice": "beratung beratung", "html": "<b>evil</b>",
}  # fmt: skip
STEP_NUMBERS = {"zero": "0", "after-last": "99", "huge": "9" * 3_000, "arabic": "٣", "padded": "000000001"}
CONCERN = "Streng vertrauliches Anliegen"


@pytest.fixture(scope="module")
def other_group(bot: RunningBot) -> Group:
    """Another group that the bot and Bea, the adviser, are in; a request is open."""
    ada = bot.add_person("Ada Geheim")
    bot.card(bot.request(ada, CONCERN))
    return bot.fake_telegram.add_group("Fremde", [bot.add_person("Eve"), bot.bea], bot_is_admin=True)


@pytest.mark.parametrize("kind", START_PARAMETERS)
def test_unknown_start_parameter(bot: RunningBot, kind: str) -> None:
    """An unknown start parameter leads to the start message, or to one that says the code is unknown."""
    eve = bot.add_person("Eve")

    answer = bot.send_text(eve, f"/start {START_PARAMETERS[kind]}")

    assert answer.text.startswith(("Guten Tag", "Willkommen", "Den Code", "Hallo")) or "Code" in answer.text
    assert "1337" not in answer.text
    assert "evil" not in answer.text
    assert bot.store.users.load_state(f"{eve.id}:{eve.id}").form is None


@pytest.mark.parametrize("kind", STEP_NUMBERS)
def test_step_number_out_of_range(bot: RunningBot, kind: str) -> None:
    """A step number is limited to the steps of the introduction."""
    eve = bot.add_person("Eve")

    bot.send_text(eve, f"/start intro-{STEP_NUMBERS[kind]}")

    assert 1 <= bot.store.users.load_state(f"{eve.id}:{eve.id}").step <= 9


@pytest.mark.parametrize("text", ["/start beratung", "/beratung", "/meinedaten", "/loeschen", "/selbstcheck",
                                  "/mitnehmen", "/start@standin_bot beratung", "/consult", "/mydata", "/delete"])  # fmt: skip
def test_private_commands_in_a_group(bot: RunningBot, other_group: Group, text: str) -> None:
    """Commands about a person's own data work in private chats only, even by a link into a group."""
    eve_id = next(member for member in other_group.chat.members if member != bot.bea.id)
    sender = User(bot.fake_telegram.world, bot.fake_telegram.world.accounts[eve_id])

    sender.send_text(text, other_group)
    answer = sender.wait_for_reply_sync(chat=other_group, timeout=WAIT_TIMEOUT)

    assert "privaten Chat" in answer.text or "unter vier Augen" in answer.text
    assert bot.store.users.load_state(f"{other_group.id}:{eve_id}").form is None


@pytest.mark.parametrize("text", ["/anfragen", "/status", "/anfragen@standin_bot"])
@pytest.mark.parametrize("who", ["stranger", "stranger-in-group", "adviser-in-other-group"])
def test_adviser_commands_by_others_and_elsewhere(bot: RunningBot, other_group: Group, text: str, who: str) -> None:
    """Requests are listed for advisers only, and never in another group."""
    sender = bot.bea if who.startswith("adviser") else bot.add_person("Eve")
    if who == "stranger-in-group":
        other_group.add_member(sender.account)
    chat = None if who == "stranger" else other_group

    sender.send_text(text, chat)
    answer = sender.wait_for_reply_sync(chat=chat, timeout=WAIT_TIMEOUT)

    assert CONCERN not in answer.text
    assert "Ada Geheim" not in answer.text


@pytest.mark.parametrize("way", ["topic-number", "reply", "edit", "mention", "command"])
def test_messages_in_another_group_reach_nobody(bot: RunningBot, other_group: Group, way: str) -> None:
    """Messages in another group never reach a person, whatever topic or message they refer to."""
    mia = bot.add_person("Mia")
    reference = bot.request(mia)
    card = bot.card(reference)
    eve_id = next(member for member in other_group.chat.members if member != bot.bea.id)
    sender = User(bot.fake_telegram.world, bot.fake_telegram.world.accounts[eve_id])
    sender.send_text("/hilfe", other_group)
    reply = sender.wait_for_reply_sync(chat=other_group, timeout=WAIT_TIMEOUT)
    match way:
        case "topic-number":
            sender.send_text("evil-words", other_group, topic=card.thread_id)
        case "reply":
            sender.send_text("evil-words", other_group, reply_to=reply)
        case "edit":
            sender.edit_text(sender.send_text("x", other_group), "evil-words", other_group)
        case "mention":
            sender.send_text("@standin_bot evil-words", other_group)
        case "command":
            sender.send_text(f"/anfragen {reference} evil-words", other_group)

    bot.send_text(mia, "/hilfe")

    assert not [seen for seen in mia.bot_messages() if "evil-words" in seen.text]
    assert bot.store.requests.load_transcript(reference) == []
    assert bot.store.requests.find_request(reference) == bot.store.requests.requests_by_user(mia.id)[0]


@pytest.mark.parametrize("text", ["// evil-note", "//evil-note", "//\nevil-note"])
@pytest.mark.parametrize("kind", ["text", "caption"])
def test_note_is_not_passed_on(bot: RunningBot, text: str, kind: str) -> None:
    """A text or caption that begins with // is not passed on."""
    mia = bot.add_person("Mia")
    reference = bot.request(mia)
    card = bot.card(reference)
    if kind == "text":
        bot.bea.send_text(text, bot.forum, topic=card.thread_id)
    else:
        bot.bea.send_photo(text, bot.forum, topic=card.thread_id)
    bot.bea.send_text("Das hier geht hinaus.", bot.forum, topic=card.thread_id)

    bot.wait_for_text(mia, "Das hier geht hinaus.")

    assert not [seen for seen in mia.bot_messages() if "evil-note" in seen.text]
    assert [line.text for line in bot.store.requests.load_transcript(reference)] == ["Das hier geht hinaus."]


@pytest.mark.parametrize(
    "code", ["", "-" * 9, "de/../..", "{{7*191}}", "<b>", "'; --", "\u202e", "xx-evil", "DE", "e" * 500]
)
def test_a_hostile_language_code(bot: RunningBot, code: str) -> None:
    """Whatever language code Telegram reports, the answer is in a supported language."""
    answer = bot.send_text(bot.add_person("Eve", code), "/hilfe")

    assert answer.text.startswith("Das kann ich für Sie tun")
    assert "1337" not in answer.text


@pytest.mark.parametrize("name", ["../../evil.pdf", "evil.pdf\r\nX: 1", "<b>evil</b>.pdf", "evil\x00.pdf", "\u202efdp.exe", "a" * 4_000,
                                  "CON", "evil.svg", "bomb.zip", "%00", "{{7*191}}.pdf", "-rf", "|sh"])  # fmt: skip
def test_a_file_with_a_hostile_name(bot: RunningBot, name: str) -> None:
    """The bot says that it reads no files and never fetches one, so neither name nor content has an effect."""
    eve = bot.add_person("Eve")
    eve.send_document(name, content=b"PK\x03\x04" + b"\0" * 10_000)

    answer = eve.wait_for_reply_sync(timeout=WAIT_TIMEOUT)

    assert "evil" not in answer.text
    assert bot.fake_telegram.calls_to("getFile") == []

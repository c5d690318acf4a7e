"""Forged and replayed callback data, and other people's: a client can send any bytes for any button it sees."""

from dataclasses import dataclass, field, replace

import pytest

from bot.domain.turn import State
from bot.sandbox.fake_telegram import MessageView, User
from tests.security.conftest import RunningBot

ADVISER_ACTIONS = ("take", "release", "close", "reopen", "remind", "suggest", "answer", "read")
REQUESTER_ACTIONS = ("end", "done", "withdraw", "wait", "reopen", "rate", "nothing")
FORGED_DATA = {
    "empty": "", "colon": ":", "unknown": "evil:1", "unknown-long": "x" * 64, "case": "E:collective-impact",
    "entry-none": "e:", "entry-unknown": "e:evil", "entry-path": "e:../../etc/passwd", "entry-intent": "e:@greeting",
    "entry-nul": "e:collective-impact\x00", "entry-sql": "e:' OR 1=1 --", "entry-jinja": "e:{{7*7}}",
    "thumb-value": "f:2:collective-impact", "thumb-entry": "f:1:evil", "thumb-short": "f:1", "thumb-minus": "f:-1:x",
    "flaw-none": "n:", "flaw-unknown": "n:evil:collective-impact", "flaw-entry": "n:wrong:evil", "flaw-short": "n:wrong",
    "more-none": "m:", "more-fold": "m:2:de::collective-impact", "more-lang": "m:1:../de::collective-impact",
    "sources-none": "s:", "sources-unknown": "s:de:evil", "sources-lang": "s:../de:collective-impact",
    "more-asked": "m:1:de:x:collective-impact", "more-short": "m:1:de:",
    "lang-unknown": "l:xx", "lang-path": "l:../desk", "lang-desk": "l:desk", "lang-empty": "l:", "lang-case": "l:DE",
    "delete-maybe": "d:maybe", "delete-none": "d:", "delete-other": "d:yes:7", "go-unknown": "go:evil", "go-none": "go:",
    "step-word": "i:evil", "step-minus": "i:-1", "step-superscript": "i:²", "step-go": "i:go:evil", "step-none": "i:",
    "audience": "i:a:evil", "why-word": "w:evil", "why-minus": "w:--5:0", "why-float": "w:1.5:0", "why-half": "w:5:",
    "form-none": "r:", "form-unknown": "r:evil:", "form-send": "r:send:00000000", "form-go": "r:go:concern",
    "form-keep": "r:keep:concern", "form-skip": "r:skip:concern", "form-kind": "r:kind:npo", "form-reach": "r:reach:here",
    "form-cancel": "r:cancel:", "form-resume": "r:resume:", "form-use": "r:use:", "form-share": "r:share:question",
    "check-none": "k:", "check-unknown": "k:evil", "check-answer": "k:a:goal:3", "check-code": "k:in:AAAAAA",
    "check-shared": "k:shared:AAAAAA", "check-leave": "k:leave:AAAAAA", "check-bring": "k:bring:AAAAAA",
    "check-long": "k:in:" + "A" * 59, "check-step": "k:step:evil", "check-result": "k:result", "check-back": "k:back:goal",
    "take-unknown": "t:evil", "share-unknown": "share:evil", "desk-none": "q:", "aside-none": "h:",
    "desk-unknown": "q:evil:AAAA-BBBB", "aside-unknown": "h:evil:AAAA-BBBB", "inline": "inline:1", "json": '{"a": 1}',
}  # fmt: skip
FORGED_FORM_DATA = {
    "concern": ("r:keep:concern", "r:skip:concern", "r:back:concern", "r:use:", "r:send:00000000", "r:go:times"),
    "kind": ("r:kind:evil", "r:kind:", "r:keep:kind", "r:skip:kind", "r:reach:here", "r:keep:review"),
    "reach": ("r:reach:evil", "r:reach:", "r:keep:reach", "r:skip:reach", "r:keep:times"),
    "address": ("r:keep:address", "r:skip:address", "r:send:", "r:reach:here"),
    "review": ("r:send:", "r:send:00000000", "r:send:0000000g", "r:go:evil", "r:go:review", "r:go:address", "r:go:times",
               "r:share:evil", "r:keep:review", "r:skip:review", "r:kind:npo"),
}  # fmt: skip


@dataclass
class Scene:
    """A request of Ada's that an adviser has taken, and Eve, who knows its reference."""

    bot: RunningBot
    ada: User
    eve: User
    reference: str
    people_at_steps: dict[str, User] = field(default_factory=dict)


@pytest.fixture(scope="module")
def scene(bot: RunningBot) -> Scene:
    """One scene for all attacks, because none of them may change anything."""
    ada, eve = bot.add_person("Ada"), bot.add_person("Eve")
    bot.send_text(eve, "/start")
    reference = bot.request(ada)
    bot.card(reference)
    bot.bea.tap_button("Übernehmen", bot.forum)
    bot.wait_for_text(ada, "kümmert sich")
    bot.until(lambda: (thread := bot.store.requests.find_thread(reference)) and "💬" in thread.title)
    return Scene(bot, ada, eve, reference)


def forge_tap(scene: Scene, person: User, data: str, in_adviser_chat: bool = False) -> tuple[str, list[MessageView]]:
    """Send callback data; return the bot's answer, and what it sent or changed in the chat of the sender."""
    before = {seen.id: seen.touched for seen in person.bot_messages()}
    query = person.tap_stale_button(data, scene.bot.forum if in_adviser_chat else None)
    scene.bot.until(lambda: query.answer is not None)
    return (query.answer or {}).get("text", ""), [
        seen for seen in person.bot_messages() if before.get(seen.id) != seen.touched
    ]


def stored_request(scene: Scene) -> list[object]:
    """Return everything that is stored about Ada's request."""
    store = scene.bot.store
    return [
        store.requests.all_requests(),
        store.requests.load_transcript(scene.reference),
        store.requests.find_thread(scene.reference),
    ]


def stored_state(scene: Scene) -> State:
    """Return Eve's state, except for the codes that she has guessed."""
    return replace(scene.bot.store.users.load_state(f"{scene.eve.id}:{scene.eve.id}"), guesses=())


@pytest.mark.parametrize("kind", FORGED_DATA)
def test_forged_data_has_no_effect(scene: Scene, kind: str) -> None:
    """Forged data is answered once, brings no message, and changes nothing but the count of guessed codes."""
    before = stored_request(scene), stored_state(scene)

    answer, messages = forge_tap(scene, scene.eve, FORGED_DATA[kind])

    assert answer == "Dieser Knopf gilt nicht mehr." or answer.startswith("Erklären kann ich nur")
    assert messages == []
    assert (stored_request(scene), stored_state(scene)) == before


@pytest.mark.parametrize("action", REQUESTER_ACTIONS)
def test_buttons_of_another_persons_request(scene: Scene, action: str) -> None:
    """A person who knows the reference of a request cannot use the buttons of its owner."""
    before = stored_request(scene)

    answer, messages = forge_tap(scene, scene.eve, f"h:{action}:{scene.reference}:5")

    assert (answer, messages) == ("Dieser Knopf gilt nicht mehr.", [])
    assert stored_request(scene) == before


@pytest.mark.parametrize("action", ADVISER_ACTIONS)
def test_adviser_buttons_in_a_private_chat(scene: Scene, action: str) -> None:
    """The advisers' buttons work only in the adviser chat, whoever taps them."""
    before = stored_request(scene)

    results = [
        forge_tap(scene, person, f"q:{action}:{scene.reference}:collective-impact")
        for person in (scene.eve, scene.ada)
    ]

    assert results == [("Dieser Knopf gilt nicht mehr.", [])] * 2
    assert stored_request(scene) == before


@pytest.mark.parametrize("action", ADVISER_ACTIONS)
def test_adviser_buttons_tapped_by_an_outsider(scene: Scene, action: str) -> None:
    """A tap in the adviser chat by somebody who is not a member is rejected."""
    before = stored_request(scene)

    query = scene.eve.tap_stale_button(f"q:{action}:{scene.reference}:collective-impact", scene.bot.forum)
    scene.bot.until(lambda: query.answer is not None)

    assert (query.answer or {}).get("text") == "Das können nur Berater*innen."
    assert stored_request(scene) == before


@pytest.mark.parametrize(
    "reference",
    [
        "AAAA-BBBB",
        "",
        "-",
        "%",
        "' OR '1'='1",
        "../../x",
        "AAAA-BBBB:",
        "*",
        "_" * 9,
        "\u202eAAAA",
        "0",
        "None",
        "aaaa-bbbb",
    ],
)
@pytest.mark.parametrize("side", ["h:done:", "q:close:"])
def test_guessed_references(scene: Scene, reference: str, side: str) -> None:
    """A guessed reference has no effect on either side, and the answer does not reveal whether it exists."""
    before = stored_request(scene)

    answer, messages = forge_tap(scene, scene.eve, f"{side}{reference}")

    assert (answer, messages) == ("Dieser Knopf gilt nicht mehr.", [])
    assert stored_request(scene) == before


def person_at_step(scene: Scene, at: str) -> User:
    """Return a person whose form is at this step; all attacks share them, because none may lead on."""
    if at in scene.people_at_steps:
        return scene.people_at_steps[at]
    bot, mia = scene.bot, scene.bot.add_person("Mia")
    bot.send_text(mia, "/beratung")
    if at != "concern":
        bot.send_text(mia, "Wir suchen Partner.")
        bot.tap_button(mia, "Überspringen")
    if at in ("reach", "address", "review"):
        bot.tap_button(mia, "Verein oder NPO")
        bot.tap_button(mia, "Überspringen")
    if at == "address":
        bot.tap_button(mia, "Per E-Mail")
    if at == "review":
        bot.tap_button(mia, "Hier bei Telegram")
    scene.people_at_steps[at] = mia
    return mia


@pytest.mark.parametrize(
    ("at", "data"), [(at, data) for at, forge_tap in FORGED_FORM_DATA.items() for data in forge_tap]
)
def test_forged_buttons_skip_no_question(scene: Scene, at: str, data: str) -> None:
    """Forged buttons neither skip a required answer nor send anything without consent."""
    bot, mia = scene.bot, person_at_step(scene, at)
    before = bot.store.users.load_state(f"{mia.id}:{mia.id}").form
    assert before is not None
    assert before.at == at

    forge_tap(scene, mia, data)

    after = bot.store.users.load_state(f"{mia.id}:{mia.id}").form
    assert after is not None
    assert (after.at, after.details, after.shares) == (before.at, before.details, before.shares)
    assert bot.store.requests.requests_by_user(mia.id) == []


@pytest.mark.parametrize("data", ["q:take", "q:remind", "h:done", "f:1"])
def test_redelivered_tap_counts_once(scene: Scene, data: str) -> None:
    """An update that is delivered a second time, whatever it contains, has no second effect."""
    bot, mia = scene.bot, scene.bot.add_person("Mia")
    reference = bot.request(mia)
    bot.card(reference)
    person, chat = (bot.bea, bot.forum) if data.startswith("q") else (mia, None)
    callback_data = "f:1:collective-impact" if data == "f:1" else f"{data}:{reference}"
    query = person.tap_stale_button(callback_data, chat)
    bot.until(lambda: query.answer is not None)
    update = bot.fake_telegram.last_update(chat or mia)
    before = bot.store.requests.find_request(reference), len(bot.fake_telegram.calls_to("answerCallbackQuery"))

    bot.fake_telegram.redeliver_update(update["update_id"])
    later_reply = bot.send_text(bot.add_person("Zeugin"), "/hilfe")

    assert later_reply
    assert (
        bot.store.requests.find_request(reference),
        len(bot.fake_telegram.calls_to("answerCallbackQuery")),
    ) == before


def test_consent_to_an_older_summary(scene: Scene) -> None:
    """The button of an older summary gives no consent: nothing is sent."""
    bot, mia = scene.bot, scene.bot.add_person("Mia")
    for step in ("/beratung", "Wir suchen Partner."):
        bot.send_text(mia, step)
    bot.tap_button(mia, "Überspringen")
    bot.tap_button(mia, "Verein oder NPO")
    bot.tap_button(mia, "Überspringen")
    old_consent = bot.tap_button(mia, "Hier bei Telegram").buttons[0][0].data
    assert old_consent
    bot.tap_button(mia, "✎ Ort")
    bot.send_text(mia, "Kiel")

    forge_tap(scene, mia, old_consent)

    assert bot.store.requests.requests_by_user(mia.id) == []

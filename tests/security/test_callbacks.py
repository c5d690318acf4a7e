"""Forged, replayed and foreign callback data: a client can send any bytes for any button it sees."""

from dataclasses import dataclass, field, replace

import pytest

from bot.domain.turn import State
from bot.sandbox.fake_telegram import MessageView, User
from tests.security.conftest import Whole

DESK = ("take", "release", "close", "reopen", "remind", "suggest", "answer", "read")
OWN = ("end", "done", "withdraw", "wait", "reopen", "rate", "nothing")
NOTHING = {
    "empty": "", "colon": ":", "unknown": "evil:1", "unknown-long": "x" * 64, "case": "E:collective-impact",
    "entry-none": "e:", "entry-unknown": "e:evil", "entry-path": "e:../../etc/passwd", "entry-intent": "e:@greeting",
    "entry-nul": "e:collective-impact\x00", "entry-sql": "e:' OR 1=1 --", "entry-jinja": "e:{{7*7}}",
    "thumb-value": "f:2:collective-impact", "thumb-entry": "f:1:evil", "thumb-short": "f:1", "thumb-minus": "f:-1:x",
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
AT_FORM = {
    "concern": ("r:keep:concern", "r:skip:concern", "r:back:concern", "r:use:", "r:send:00000000", "r:go:times"),
    "kind": ("r:kind:evil", "r:kind:", "r:keep:kind", "r:skip:kind", "r:reach:here", "r:keep:review"),
    "reach": ("r:reach:evil", "r:reach:", "r:keep:reach", "r:skip:reach", "r:keep:times"),
    "address": ("r:keep:address", "r:skip:address", "r:send:", "r:reach:here"),
    "review": ("r:send:", "r:send:00000000", "r:send:0000000g", "r:go:evil", "r:go:review", "r:go:address",
               "r:share:evil", "r:keep:review", "r:skip:review", "r:kind:npo"),
}  # fmt: skip


@dataclass
class Scene:
    """A request of Ada's that an adviser has taken, and Eve, who knows its number."""

    whole: Whole
    ada: User
    eve: User
    reference: str
    filling: dict[str, User] = field(default_factory=dict)


@pytest.fixture(scope="module")
def scene(whole: Whole) -> Scene:
    """One scene for all attacks: none of them changes anything."""
    ada, eve = whole.person("Ada"), whole.person("Eve")
    whole.send_text(eve, "/start")
    reference = whole.request(ada)
    whole.card(reference)
    whole.bea.tap_button("Übernehmen", whole.forum)
    whole.wait_for_text(ada, "kümmert sich")
    return Scene(whole, ada, eve, reference)


def forged(scene: Scene, by: User, data: str, at_desk: bool = False) -> tuple[str, list[MessageView]]:
    """Send the data; the bot's answer to the tap, and what it sent or changed in the chat of who tapped."""
    before = {one.id: one.touched for one in by.bot_messages()}
    query = by.tap_stale_button(data, scene.whole.forum if at_desk else None)
    scene.whole.until(lambda: query.answer is not None)
    return (query.answer or {}).get("text", ""), [
        one for one in by.bot_messages() if before.get(one.id) != one.touched
    ]


def held(scene: Scene) -> list[object]:
    """All that is kept of Ada's request, and how much of everything."""
    store = scene.whole.store
    return [
        store.requests.all_requests(),
        store.requests.load_transcript(scene.reference),
        store.requests.find_thread(scene.reference),
    ]


def remembered(scene: Scene) -> State:
    """What is remembered of Eve, but for the codes that she guessed."""
    return replace(scene.whole.store.users.load_state(f"{scene.eve.id}:{scene.eve.id}"), guesses=())


@pytest.mark.parametrize("kind", NOTHING)
def test_data_that_no_button_holds_does_nothing(scene: Scene, kind: str) -> None:
    """Forged data, even on a button that is there, is answered once, changes nothing but the count of guessed codes,
    and brings no message."""
    before = held(scene), remembered(scene)

    answer, messages = forged(scene, scene.eve, NOTHING[kind])

    assert answer == "Dieser Knopf gilt nicht mehr." or answer.startswith("Erklären kann ich nur")
    assert messages == []
    assert (held(scene), remembered(scene)) == before


@pytest.mark.parametrize("action", OWN)
def test_the_buttons_of_another_persons_request(scene: Scene, action: str) -> None:
    """Who knows a request's number can do nothing with it that its owner can."""
    before = held(scene)

    answer, messages = forged(scene, scene.eve, f"h:{action}:{scene.reference}:5")

    assert (answer, messages) == ("Dieser Knopf gilt nicht mehr.", [])
    assert held(scene) == before


@pytest.mark.parametrize("action", DESK)
def test_the_advisers_buttons_in_a_private_chat(scene: Scene, action: str) -> None:
    """An adviser's button works in the advisers' chat only, whoever sends it."""
    before = held(scene)

    found = [forged(scene, by, f"q:{action}:{scene.reference}:collective-impact") for by in (scene.eve, scene.ada)]

    assert found == [("Dieser Knopf gilt nicht mehr.", [])] * 2
    assert held(scene) == before


@pytest.mark.parametrize("action", DESK)
def test_the_advisers_buttons_by_somebody_outside(scene: Scene, action: str) -> None:
    """A tap in the advisers' chat by somebody who is not in it is turned away."""
    before = held(scene)

    query = scene.eve.tap_stale_button(f"q:{action}:{scene.reference}:collective-impact", scene.whole.forum)
    scene.whole.until(lambda: query.answer is not None)

    assert (query.answer or {}).get("text") == "Das können nur Berater*innen."
    assert held(scene) == before


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
def test_guessed_numbers(scene: Scene, reference: str, side: str) -> None:
    """A guessed number opens nothing, at neither side, and the answer does not tell whether it exists."""
    before = held(scene)

    answer, messages = forged(scene, scene.eve, f"{side}{reference}")

    assert (answer, messages) == ("Dieser Knopf gilt nicht mehr.", [])
    assert held(scene) == before


def at_form(scene: Scene, at: str) -> User:
    """Somebody whose form asks for this; the same for all attacks there, none of which leads on."""
    if at in scene.filling:
        return scene.filling[at]
    whole, mia = scene.whole, scene.whole.person("Mia")
    whole.send_text(mia, "/beratung")
    if at != "concern":
        whole.send_text(mia, "Wir suchen Partner.")
        whole.tap_button(mia, "Überspringen")
    if at in ("reach", "address", "review"):
        whole.tap_button(mia, "Verein oder NPO")
        whole.tap_button(mia, "Überspringen")
    if at == "address":
        whole.tap_button(mia, "Per E-Mail")
    if at == "review":
        whole.tap_button(mia, "Hier bei Telegram")
        whole.tap_button(mia, "Überspringen")
    scene.filling[at] = mia
    return mia


@pytest.mark.parametrize(("at", "data"), [(at, data) for at, found in AT_FORM.items() for data in found])
def test_the_form_cannot_be_led_past_a_question(scene: Scene, at: str, data: str) -> None:
    """Forged buttons of the form skip no required answer, and send nothing that was not agreed to."""
    whole, mia = scene.whole, at_form(scene, at)
    before = whole.store.users.load_state(f"{mia.id}:{mia.id}").form
    assert before is not None
    assert before.at == at

    forged(scene, mia, data)

    after = whole.store.users.load_state(f"{mia.id}:{mia.id}").form
    assert after is not None
    assert (after.at, after.details, after.shares) == (before.at, before.details, before.shares)
    assert whole.store.requests.requests_by_user(mia.id) == []


@pytest.mark.parametrize("data", ["q:take", "q:remind", "h:done", "f:1"])
def test_a_tap_told_twice_counts_once(scene: Scene, data: str) -> None:
    """An update that is delivered a second time, whatever it holds, changes nothing a second time."""
    whole, mia = scene.whole, scene.whole.person("Mia")
    reference = whole.request(mia)
    whole.card(reference)
    by, where = (whole.bea, whole.forum) if data.startswith("q") else (mia, None)
    full = "f:1:collective-impact" if data == "f:1" else f"{data}:{reference}"
    query = by.tap_stale_button(full, where)
    whole.until(lambda: query.answer is not None)
    update = whole.fake_telegram.last_update(where or mia)
    before = whole.store.requests.find_request(reference), len(whole.fake_telegram.calls_to("answerCallbackQuery"))

    whole.fake_telegram.redeliver_update(update["update_id"])
    by_and_by = whole.send_text(whole.person("Zeugin"), "/hilfe")

    assert by_and_by
    assert (
        whole.store.requests.find_request(reference),
        len(whole.fake_telegram.calls_to("answerCallbackQuery")),
    ) == before


def test_consent_to_another_text(scene: Scene) -> None:
    """The button of an older summary agrees to nothing: the new summary is shown once more."""
    whole, mia = scene.whole, scene.whole.person("Mia")
    for step in ("/beratung", "Wir suchen Partner."):
        whole.send_text(mia, step)
    whole.tap_button(mia, "Überspringen")
    whole.tap_button(mia, "Verein oder NPO")
    whole.tap_button(mia, "Überspringen")
    whole.tap_button(mia, "Hier bei Telegram")
    old = whole.tap_button(mia, "Überspringen").buttons[0][0].data
    assert old
    whole.tap_button(mia, "✎ Ort")
    whole.send_text(mia, "Kiel")

    forged(scene, mia, old)

    assert whole.store.requests.requests_by_user(mia.id) == []

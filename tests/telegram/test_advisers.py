"""What advisers can do, and that nobody else can."""

import pytest

from tests.standin import Group, StandIn, User
from tests.telegram.advice import card, request, topic_of
from tests.telegram.conftest import sees


@pytest.mark.usefixtures("connected")
async def test_notes_stay_among_advisers(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """What begins with // is not passed on, nor is what is said outside of the request's topic."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.says("// Kennen wir die?", chat=forum, topic=topic)
    bea.says("Wer hat Zeit?", chat=forum)
    bea.says("Guten Tag!", chat=forum, topic=topic)
    await sees(standin, ada, "Guten Tag!")

    assert not any("Kennen wir" in seen.text or "Wer hat Zeit" in seen.text for seen in ada.sees())


@pytest.mark.usefixtures("connected")
async def test_of_two_advisers_one_takes_it(standin: StandIn, ada: User, bea: User, cem: User, forum: Group) -> None:
    """The second is told who was faster."""
    await card(standin, bea, forum, await request(standin, ada))
    first, second = bea.taps("Übernehmen", chat=forum), cem.taps("Übernehmen", chat=forum)
    await standin.wait_for(lambda: first.answer is not None and second.answer is not None)

    assert second.answer is not None
    assert second.answer["text"] == "Schon übernommen von Bea."
    await sees(standin, bea, "Übernommen (Bea)", forum)


@pytest.mark.usefixtures("connected")
async def test_suggested_answer_is_sent_with_one_tap(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """The three best entries for what the person wrote last, each to be sent or read."""
    await card(standin, bea, forum, await request(standin, ada, "Was ist eine Backbone-Organisation?"))
    bea.taps("Antworten vorschlagen", chat=forum)
    offered = await sees(standin, bea, "Wissensbasis", forum)
    assert len(offered.buttons) == 3
    answer, text = (offered.buttons[0][at].data or "" for at in (0, 1))
    bea.forges(text, chat=forum)
    await sees(standin, bea, "Zum Kopieren", forum)
    bea.forges(answer, chat=forum)

    assert "Backbone" in (await sees(standin, ada, "Bea schickt Ihnen dazu")).text


@pytest.mark.usefixtures("connected")
async def test_only_advisers_act(standin: StandIn, ada: User, bea: User, cem: User, forum: Group) -> None:
    """Nobody outside, nobody who has left, and nobody with another's button changes anything."""
    reference = await request(standin, ada)
    await card(standin, bea, forum, reference)
    forum.leaves(cem)
    outsider = await forged(standin, cem, forum, f"q:take:{reference}")
    assert outsider == "Das können nur Berater*innen."
    assert await forged(standin, ada, None, f"q:close:{reference}") == "Dieser Knopf gilt nicht mehr."
    eve = standin.user("Eve", language_code="de")
    eve.says("/start")
    await eve.wait_reply()
    for data in (
        f"h:done:{reference}",
        f"h:rate:{reference}:5",
        f"h:withdraw:{reference}",
        "h:done:AAAA-AAAA",
        "q:",
        "h",
    ):
        assert await forged(standin, eve, None, data) == "Dieser Knopf gilt nicht mehr."
    ada.says("/anfragen")
    assert "nur Berater*innen" in (await ada.wait_reply()).text
    bea.says("/anfragen", chat=forum)

    assert "noch frei" in (await sees(standin, bea, "Offene Anfragen", forum)).text


async def forged(standin: StandIn, person: User, chat: Group | None, data: str) -> str:
    """A tap with data that no button of the person's holds; returns what it was answered with."""
    tap = person.forges(data, chat)
    await standin.wait_for(lambda: tap.answer is not None)
    assert tap.answer is not None
    return str(tap.answer.get("text", ""))

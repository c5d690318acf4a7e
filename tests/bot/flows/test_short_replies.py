"""Short messages that answer the bot's last question, or react."""

from dataclasses import replace

import pytest

from bot.answering.answerer import Answer, AnswerStatus
from bot.domain.consultation import ContactChannel, Details, Party, Request, RequestContext, RequestStatus
from bot.domain.effects import CreateRequest, ErasePerson, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import EditMessage, Message, SendMessage
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import State, Turn
from bot.flows.context import Advisers
from bot.flows.dialogue import Dialogue
from bot.flows.feedback import DECLINED, QUESTION_CONSENT_VERSION
from bot.pipeline.api_calls import build_calls
from index.decision.calibration import Decision
from index.search.result import SearchResult
from knowledge.records.entry import LEICHTE_SPRACHE, Entry, Layer
from prompts.render import format_label, render_template
from tests.support.fake_answerer import NO_ANSWER, EntryAnswerer, FakeAnswerer, MarkingAnswerer, answer_with

TEXT = Event(1, EventKind.TEXT, chat_id=20, user_id=20, message_id=5, language_code="de", sent_at=1_000_000.0)
TOPICS = tuple(Entry(name, "de", name.title(), "", Layer.PAGE) for name in ("agenda", "vision"))
CHOICE = Answer(AnswerStatus.CLARIFY, "Welches?", "de", SearchResult(Decision.CLARIFY, 0.5, options=TOPICS))
CHATTER, THANKS = render_template("chatter", "de"), render_template("thanks", "de")


class KnownAnswerer(FakeAnswerer):
    """Every entry exists, in German and in Leichte Sprache."""

    def find_entry(self, entry_id: str, lang: str) -> Entry | None:
        return Entry(entry_id, lang, entry_id.title(), "", Layer.PAGE)


def say(dialogue: Dialogue, text: str, state: State | None = None) -> Turn:
    return dialogue.handle(state or State(), replace(TEXT, text=text))


def command(dialogue: Dialogue, name: str) -> State:
    return dialogue.handle(State(), replace(TEXT, kind=EventKind.COMMAND, command=name)).state


def texts(turn: Turn) -> list[str]:
    return [message.html for message in turn.messages if isinstance(message, SendMessage)]


def labels(turn: Turn) -> list[str]:
    keyboards = [message.keyboard for message in turn.messages if isinstance(message, SendMessage)]
    return [button.label for keyboard in keyboards for row in keyboard for button in row]


def store_request(dialogue: Dialogue, **fields: object) -> Request:
    details = Details(concern="Rat", reach=ContactChannel.PHONE, address="0431 1")
    brief = RequestContext()
    request = Request("AAAA-BBBB", 20, 20, "Ada", "de", details, brief, "2026", "rohm", created=1.0, since=1.0)
    request = replace(request, **fields)  # type: ignore[arg-type]
    dialogue.store.apply((), (CreateRequest(request),))
    return request


def queue_message(dialogue: Dialogue, message: Message) -> None:
    dialogue.store.apply(build_calls([message], TEXT), ())


@pytest.mark.parametrize(
    ("text", "reply"),
    [("ja", CHATTER), ("Nein, danke!", CHATTER), ("hm", CHATTER), ("…", CHATTER), ("👍", THANKS), ("super!", THANKS)],
)
def test_reactions(dialogue: Dialogue, text: str, reply: str) -> None:
    """A short reaction gets a friendly sentence and is not searched."""
    assert texts(say(dialogue, text)) == [reply]


def test_yes_and_no_answer_whether_to_delete(dialogue: Dialogue) -> None:
    """After "/loeschen", a typed yes deletes, and a no does not; each says so in a new message."""
    asked = command(dialogue, "loeschen")
    yes, no = say(dialogue, "Ja.", asked), say(dialogue, "nein", asked)

    assert (yes.effects, no.effects) == ((ErasePerson(),), ())
    assert (texts(no), no.state.offered) == ([render_template("kept", "de")], ())
    assert "gelöscht" in texts(yes)[0]
    assert not any(isinstance(message, EditMessage) for message in (*yes.messages, *no.messages))


def test_yes_and_no_answer_whether_to_withdraw(dialogue: Dialogue) -> None:
    """After "Anfrage zurückziehen", a typed yes withdraws the request, and a no does not."""
    store_request(dialogue)
    asked = say(dialogue, "Anfrage zurückziehen").state
    (withdrawn,) = say(dialogue, "ja", asked).effects

    assert isinstance(withdrawn, UpdateRequest)
    assert withdrawn.request.withdrawn
    assert say(dialogue, "nein", asked).effects == ()
    with_desk = replace(dialogue, advisers=Advisers(-100))
    confirmation = say(with_desk, "ja", asked).messages[0]  # not only the advisers learn of it
    assert isinstance(confirmation, SendMessage)
    assert "zurückgezogen" in confirmation.html


def test_a_question_waits_only_until_something_else(dialogue: Dialogue) -> None:
    """After another message of the bot, after an hour, or after a message about a request, yes deletes nothing."""
    asked = command(dialogue, "loeschen")
    other = say(dialogue, "/hilfe", asked).state
    late = replace(asked, offered_at=asked.offered_at - 3_601)
    turns = [say(dialogue, "ja", state) for state in (other, late)]
    store_request(dialogue)
    queue_message(dialogue, SendMessage("Ist Ihre Anfrage noch offen?", reference="AAAA-BBBB"))
    before_that = replace(asked, offered_at=asked.offered_at - 60)

    assert [turn.effects for turn in (*turns, say(dialogue, "ja", before_that))] == [(), (), ()]


@pytest.mark.parametrize(("text", "consent"), [("ja", QUESTION_CONSENT_VERSION), ("nö", DECLINED)])
def test_yes_and_no_answer_the_consent(dialogue: Dialogue, text: str, consent: str) -> None:
    """The question for consent after a thumb down is answered by a word."""
    state = State(last_question="Was ist ein Backbone?", last_entry="backbone", last_message=4)
    asked = dialogue.handle(state, replace(TEXT, kind=EventKind.BUTTON, text="n:wrong:backbone", callback_id="1"))

    turn = say(dialogue, text, asked.state)

    assert turn.state.improve == consent
    assert len(texts(turn)) == 1


def test_choice_is_answered_by_words(dialogue: Dialogue) -> None:
    """A topic of a choice can be named by its number; yes asks which one, and no offers a person."""
    dialogue = replace(dialogue, answerer=FakeAnswerer([CHOICE]))
    asked = say(dialogue, "Wer bestimmt das?").state

    assert texts(say(dialogue, "das zweite", asked)) == ["<b>Vision</b>"]
    assert texts(say(dialogue, "1", asked)) == ["<b>Agenda</b>"]
    assert texts(say(dialogue, "ja", asked))[0].startswith("Welches Thema meinen Sie?")
    assert labels(say(dialogue, "nein", asked)) == ["Beratung anfragen"]
    assert texts(say(dialogue, "3", asked)) == [NO_ANSWER.html]  # searched


def test_choice_is_answered_by_a_name(dialogue: Dialogue) -> None:
    """A sentence that names a topic of the choice opens it, as long as the choice waits."""
    dialogue = replace(dialogue, answerer=FakeAnswerer([CHOICE]))
    asked = say(dialogue, "Wer bestimmt das?").state
    late = replace(asked, offered_at=asked.offered_at - 3_601)

    assert texts(say(dialogue, "erzähl mal von der Vision", asked)) == ["<b>Vision</b>"]
    assert texts(say(dialogue, "erzähl mal von der Vision", late)) == [NO_ANSWER.html]  # searched
    assert texts(say(dialogue, "erzähl mal von Bocholt", asked)) == [NO_ANSWER.html]


def test_unclear_answer(dialogue: Dialogue) -> None:
    """A question mark after an answer offers other words, the explanation and a person."""
    dialogue = replace(dialogue, answerer=KnownAnswerer([answer_with("backbone")]))
    answered = say(dialogue, "Was ist ein Backbone?").state
    unclear, first = say(dialogue, "?", answered), say(dialogue, "Wie bitte?")
    english = say(dialogue, "huh?", replace(answered, lang="en"))

    assert "„Backbone“" in texts(unclear)[0]
    assert labels(unclear) == ["In Leichter Sprache", "Warum diese Antwort?", "Beratung anfragen"]
    assert labels(english) == ["Why this answer?", "Ask for advice"]
    assert unclear.state.last_question == "Was ist ein Backbone?"
    assert texts(first) == [render_template("ask", "de")]


def test_same_answer_in_leichte_sprache(dialogue: Dialogue) -> None:
    """The button below an unclear answer shows it in Leichte Sprache without changing the person's language."""
    shown: list[str] = []

    class Recording(FakeAnswerer):
        def show_entry(self, entry_id: str, lang: str) -> Answer | None:
            shown.append(lang)
            return answer_with(entry_id, lang)

    tap = replace(TEXT, kind=EventKind.BUTTON, text="z:backbone", callback_id="1")
    turn = replace(dialogue, answerer=Recording()).handle(State(), tap)

    assert (shown, turn.state.lang, texts(turn)) == ([LEICHTE_SPRACHE], "", ["<b>Backbone</b>"])


def test_typed_wish_for_an_explanation(dialogue: Dialogue) -> None:
    """ "Warum diese Antwort?" explains the last answer; "noch mal" shows it again."""
    dialogue = replace(dialogue, answerer=FakeAnswerer([answer_with("backbone"), answer_with("backbone")]))
    answered = say(dialogue, "Was ist ein Backbone?").state

    assert texts(say(dialogue, "Warum diese Antwort?", answered)) == ["Weil: Was ist ein Backbone?"]
    assert texts(say(dialogue, "noch mal", answered)) == ["<b>Backbone</b>"]


def test_the_introduction_goes_on(dialogue: Dialogue) -> None:
    """Within the introduction, "weiter" shows the next step, or after an interlude the current one again.

    After an answer it is searched; with nothing before it, ways on are suggested.
    """
    state = State(touring=True, step=2, audience="npo", shown="intro-2")

    assert say(dialogue, "weiter", state).state.step == 3
    assert say(dialogue, "weiter", replace(state, shown="frage-backbone")).state.step == 2
    assert texts(say(dialogue, "weiter", State(last_entry="backbone"))) == [NO_ANSWER.html]
    assert labels(say(dialogue, "weiter")) == [
        format_label(f"step_{step}", "de") for step in ("einfuehrung", "selbstcheck")
    ]


def test_yes_takes_the_only_step_that_is_offered(dialogue: Dialogue) -> None:
    """Below an answer whose first button leads somewhere, "ja" is that button; "nein" is a reaction."""
    entry = Entry("bot-loeschen", "de", "Löschen", "", Layer.BOT, command="loeschen")
    told = Answer(AnswerStatus.ANSWERED, "So löschen Sie.", "de", SearchResult(Decision.ANSWER, 0.9, entry))
    dialogue = replace(dialogue, answerer=FakeAnswerer([told]))
    state = say(dialogue, "wie lösche ich das").state

    assert labels(say(dialogue, "ja", state)) == [format_label(name, "de") for name in ("delete_yes", "delete_no")]
    assert texts(say(dialogue, "nein", state)) == [CHATTER]


@pytest.mark.parametrize(
    "text", ["zeig mir die Einführung", "ich möchte die Einführung machen", "ok dann weiter mit der Einführung bitte"]
)
def test_wish_for_a_command_is_the_command(dialogue: Dialogue, text: str) -> None:
    """A sentence that wishes for nothing but a command runs it."""
    assert say(dialogue, text).state.touring


def test_the_introduction_pauses(dialogue: Dialogue) -> None:
    """Within the introduction, "Pause" is its button; elsewhere it is searched."""
    paused = say(dialogue, "Pause", State(touring=True, step=2, audience="npo", shown="intro-2"))

    assert (paused.state.touring, paused.state.step) == (False, 2)
    assert len(paused.messages) == 1
    assert texts(say(dialogue, "Pause")) == [NO_ANSWER.html]


def test_the_selfcheck_pauses(dialogue: Dialogue) -> None:
    """While the self-check asks, "Pause" is its button."""
    asking = SelfCheckProgress(stage=SelfCheckStage.ASKING, at="vision")

    paused = say(dialogue, "Pause", State(check=asking)).state

    assert paused.check is not None
    assert paused.check.stage is SelfCheckStage.PAUSED


def test_complaint_in_so_many_words(dialogue: Dialogue) -> None:
    """A complaint gets an apology with the last question and the way to a person."""
    turn = say(dialogue, "Ich möchte mich beschweren!", State(last_question="Wer zahlt das?"))

    assert "„Wer zahlt das?“" in texts(turn)[0]
    repeated = say(dialogue, "das hast du mir grad schon geschrieben", State(last_question="Wer zahlt das?"))
    assert texts(repeated) == texts(turn)
    assert labels(turn) == ["Beratung anfragen"]


@pytest.mark.parametrize(("text", "level"), [("nein", 0), ("ja", 3), ("weiß nicht", None)])
def test_selfcheck_is_answered_by_words(dialogue: Dialogue, text: str, level: int | None) -> None:
    """Yes, no and "don't know" answer a question of the self-check that has such an answer."""
    progress = SelfCheckProgress(stage=SelfCheckStage.ASKING, at="vision")

    check = say(dialogue, text, State(check=progress)).state.check

    assert check is not None
    assert (check.answers, check.at == "vision") == ({"vision": level}, False)


def test_yes_that_is_no_answer_of_the_selfcheck(dialogue: Dialogue) -> None:
    """If the answers to a question of the self-check are others, a yes asks to choose one."""
    progress = SelfCheckProgress(stage=SelfCheckStage.ASKING, at="handeln")

    turn = say(dialogue, "ja", State(check=progress))

    assert turn.state.check == progress
    assert "Bitte wählen Sie" in texts(turn)[0]


def test_reminder_is_answered_by_words(dialogue: Dialogue) -> None:
    """Yes to whether a request is still open keeps it, no closes it."""
    request = store_request(dialogue, warned=5.0, turn=Party.REQUESTER)

    kept, closed = (say(dialogue, text).effects[0] for text in ("ja", "nein"))

    assert isinstance(kept, UpdateRequest)
    assert isinstance(closed, UpdateRequest)
    assert (kept.request.warned, kept.request.status) == (0.0, request.status)
    assert closed.request.status is RequestStatus.CLOSED


def test_late_notice_is_answered_by_words(dialogue: Dialogue) -> None:
    """Yes to whether anyone has been in touch closes the request, no keeps it."""
    store_request(dialogue, told=5.0, turn=Party.ADVISER)

    (closed,) = say(dialogue, "ja").effects

    assert isinstance(closed, UpdateRequest)
    assert closed.request.status is RequestStatus.CLOSED
    assert (say(dialogue, "nein").effects, texts(say(dialogue, "nein"))) == ((), ["Gut, Ihre Anfrage bleibt offen."])


def test_offer_to_comment_is_answered_by_words(dialogue: Dialogue) -> None:
    """No to whether there is something to add is not the comment; yes invites it."""
    request = store_request(dialogue, status=RequestStatus.CLOSED, rating=4)
    state = State(rated=request.reference)
    no, yes = say(dialogue, "nein danke", state), say(dialogue, "ja", state)

    assert (no.state.rated, no.effects) == ("", ())
    assert (yes.state.rated, texts(yes)) == (request.reference, ["Gern, schreiben Sie es mir einfach."])


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
def test_each_kind_of_media_has_its_sentence(dialogue: Dialogue, lang: str) -> None:
    """Voice, video, sticker, picture, GIF, file, contact and location have a sentence each and begin nothing."""
    kinds = ("voice", "video_note", "sticker", "photo", "animation", "document", "contact", "location", "poll")
    events = [replace(TEXT, kind=EventKind.OTHER, media_type=kind) for kind in kinds]
    turns = [dialogue.handle(State(lang=lang), event) for event in events]

    assert len({text for turn in turns for text in texts(turn)}) == len(kinds)
    assert all((turn.state, turn.effects) == (State(lang=lang), ()) for turn in turns)


def test_caption_is_answered(dialogue: Dialogue) -> None:
    """The text below a picture is answered, with a line that the picture is not looked at; in a form it is not."""
    dialogue = replace(dialogue, answerer=FakeAnswerer([answer_with("backbone")]))
    photo = replace(TEXT, kind=EventKind.OTHER, media_type="photo", text="Was ist ein Backbone?")
    in_form = dialogue.handle(command(dialogue, "beratung"), photo)
    answered = dialogue.handle(State(), photo)

    assert texts(answered)[0].endswith("<b>Backbone</b>")
    assert "Ansehen oder öffnen kann ich das nicht" in texts(answered)[0]
    assert "Bilder kann ich leider nicht ansehen" in texts(in_form)[0]


def test_second_complaint_goes_further(dialogue: Dialogue) -> None:
    """A second complaint in a row names a person and other subjects; a new question lets it begin anew."""
    complaint = replace(NO_ANSWER, status=AnswerStatus.SMALLTALK)
    complaint = replace(complaint, result=SearchResult(Decision.SMALL_TALK, 0.9, intent="feelings"))
    dialogue = replace(dialogue, answerer=FakeAnswerer([answer_with("agenda"), complaint, NO_ANSWER]))
    asked = say(dialogue, "Was ist eine Agenda?").state
    first = say(dialogue, "Beschwerde", asked)
    second = say(dialogue, "Blöder Bot", first.state)
    after = say(dialogue, "Was ist ein Backbone?", second.state)

    assert labels(first) == ["Beratung anfragen"]
    assert "„Was ist eine Agenda?“" in texts(first)[0]
    assert labels(second) == ["Beratung anfragen", "Backbone"]
    assert dialogue.contact.phone in texts(second)[0]
    assert [decision.status for decision in second.decisions] == ["smalltalk"]
    assert after.state.complaints == 0


def test_next_step(dialogue: Dialogue) -> None:
    """What now? What is related to the last answer; at the beginning, the introduction and the self-check."""
    entry = Entry("agenda", "de", "Agenda", "", Layer.PAGE, related=("agenda",))
    dialogue = replace(dialogue, answerer=EntryAnswerer(entry))

    assert labels(say(dialogue, "ok und jetzt?", State(last_entry="agenda"))) == [
        "Agenda", "Zum Selbst-Check", "Beratung anfragen",
    ]  # fmt: skip
    assert labels(say(dialogue, "und nun?")) == ["Zur Einführung", "Zum Selbst-Check"]
    assert texts(say(dialogue, "was machen wir als erstes?")) == [NO_ANSWER.html]


def test_what_this_is(dialogue: Dialogue) -> None:
    """What is this? Two sentences and the ways to go; after an answer, "was ist das?" asks about that."""
    introduced = [render_template("introduce", "de")]

    assert texts(say(dialogue, "was is das hier?")) == texts(say(dialogue, "Was ist das?")) == introduced
    assert texts(say(dialogue, "Was ist das?", State(last_entry="agenda"))) == [NO_ANSWER.html]


def test_letting_it_be(dialogue: Dialogue) -> None:
    """Who lets it be gets no apology; to a question with yes and no it is a no."""
    asked = command(dialogue, "loeschen")

    assert texts(say(dialogue, "Ach, egal.")) == [render_template("let_be", "de")]
    kept = say(dialogue, "nein, doch nicht", asked)
    assert (texts(kept), kept.effects) == ([render_template("kept", "de")], ())


def test_greeting_before_a_wish(dialogue: Dialogue) -> None:
    """A greeting or an introduction hides no wish, but a word before an answer to a question is no answer."""
    dialogue = replace(dialogue, answerer=MarkingAnswerer())

    assert texts(say(dialogue, "Moin, was kannst du?")) == [render_template("introduce", "de")]
    welcome, introduction = format_label("warm_introduction", "de"), render_template("introduce", "de")
    assert texts(say(dialogue, "Ich bin vom Kegelclub. Was is das hier??")) == [f"{welcome}\n\n{introduction}"]
    assert texts(say(dialogue, "Was ist ein Backbone? Was ist das hier?"))[0] != render_template("introduce", "de")
    assert say(dialogue, "nein, ja", command(dialogue, "loeschen")).effects == ()

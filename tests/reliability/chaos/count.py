"""What was lost, done twice or mixed up: people's record beside what took effect at Telegram, and the store."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bot.sandbox.fake_telegram.world.objects import text_and_entities
from tests.reliability.chaos.ledger import NEW, ORDERED, Effect
from tests.reliability.chaos.letters import Letters
from tests.reliability.chaos.stories import Stage, Story, token

Read = Callable[[str], list[tuple[Any, ...]]]  # the rows that a query finds in the store


class Findings:
    """Counts by name, and a line for each thing found."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.lines: list[str] = []

    def add(self, name: str, line: str, number: int = 1) -> None:
        """Something was found."""
        self.counts[name] += number
        self.lines.append(f"{name}: {line}")


# the names of what must not be
STOPPED, UNANSWERED = "conversations that came to a stop", "taps never answered"
LOST_REQUESTS, DOUBLE_REQUESTS = "requests lost", "requests kept or opened twice"
LOST, ELSEWHERE, DISORDER = "relayed messages lost", "relayed to the wrong place", "out of order"
TWICE, EDITS = "arrived twice without an answer lost", "edits lost"
UNPROCESSED, STATE = "updates unprocessed", "state lost or changed twice"
FORBIDDEN = (UNPROCESSED, STATE, LOST_REQUESTS, DOUBLE_REQUESTS, LOST, ELSEWHERE, DISORDER, EDITS, TWICE, UNANSWERED,
             STOPPED)  # fmt: skip
REFUSED = "refused by Telegram after the topic was deleted"
ALLOWED = "arrived twice, answer lost after the effect"


def count(stage: Stage) -> Findings:
    """What Telegram's side alone shows, of any bot."""
    found = Findings()
    for story in stage.stories:
        _story(stage, story, found)
    _twice(stage, found, stage.ledger.effects)
    return found


def _story(stage: Stage, story: Story, found: Findings) -> None:
    name = f"story {story.number}"
    if not story.through:
        found.add(STOPPED, f"{name} waits for {story.waiting}")
    for tap in story.taps:
        if tap.answer is None:
            found.add(UNANSWERED, name)
    forum, ledger = stage.forum.id, stage.ledger
    cards = [one for one in ledger.of_token[token(story.number, 0)] if one.chat_id == forum and one.data]
    if story.sent and not cards:
        found.add(LOST_REQUESTS, name)
    for side, there, others in (("person", forum, story.person.id), ("adviser", story.person.id, forum)):
        first = []
        for number, text in enumerate(story.told[side], 1):
            mark = token(story.number, f"{side[0]}{number}")
            copies = [one for one in ledger.of_token[mark] if one.method == "copyMessage"]
            if not any(one.chat_id == there for one in copies):
                found.add(LOST, f"{text} of the {side}")
            else:
                first.append(next(ledger.place[id(one)] for one in copies if one.chat_id == there))
            threads = {one.thread_id for one in cards}
            wrong = [
                one for one in copies if one.chat_id != there or (there == forum and one.thread_id not in threads)
            ]
            wrong += [one for one in ledger.of_token[mark] if one.chat_id not in (there, others)]
            if wrong:
                found.add(ELSEWHERE, f"{text} of the {side}", len(wrong))
        if first != sorted(first):
            found.add(DISORDER, f"{name}, {side}")
        if (edited := story.changed.get(side)) and not story.deleted:
            chat = stage.fake_telegram.world.chats[there]
            texts = [text_and_entities(message.content)[0] for message in chat.messages.values()]
            if not any(edited in text and text.endswith("geändert") for text in texts):
                found.add(EDITS, f"{edited} of the {side}")


def _twice(stage: Stage, found: Findings, effects: list[Effect]) -> None:
    """The same new message again in the same place: allowed where the first one's answer can have been lost.

    That is where the connection was cut, or the life ended before any other call in this chat, and no other message
    came between in its lane: with another call behind it, the first one's answer must have been noted. In the next
    life the lanes of other requests may come first. A pin may come between: a thread that is opened on is pinned
    again.
    """
    last: dict[tuple[int, int], int] = {}
    newest: dict[Any, int] = {}
    behind: dict[int, int] = {}  # number of a new message -> that of the next one in its lane
    for number, effect in enumerate(effects):
        if effect.method in ORDERED:
            last[effect.life, effect.chat_id] = number
        if effect.method in NEW:
            lane = effect.chat_id, _reference(effect) if effect.method == "createForumTopic" else effect.thread_id
            if lane in newest:
                behind[newest[lane]] = number
            newest[lane] = number
    seen: dict[Any, int] = {}
    for number, effect in enumerate(effects):
        key = _key(stage, effect)
        if key is None:
            continue
        before = seen.get(key)
        if before is not None:
            earlier = effects[before]
            cut = earlier.life < effect.life and last[earlier.life, earlier.chat_id] == before
            cut = cut and behind.get(before) == number
            found.add(ALLOWED if earlier.lost or cut else TWICE, f"life {earlier.life}, {effect.life}: {key}")
        seen[key] = number


def _key(stage: Stage, effect: Effect) -> Any:
    """What makes a new message the same as another one; None where the same may well come again."""
    if effect.method not in NEW:
        return None
    if effect.method == "copyMessage":
        return effect.chat_id, effect.text
    if effect.method == "createForumTopic":
        reference = _reference(effect)
        opened = [story.deleted for story in stage.stories if story.reference == reference]
        return None if opened and opened[0] else (effect.chat_id, "topic", reference)
    if effect.chat_id == stage.forum.id:
        if "erinnert werden" in effect.text:  # each adviser asks for it once
            return effect.chat_id, effect.thread_id, "reminder"
        card = effect.data and effect.text.startswith("Anfrage")
        told = effect.text.startswith("Bisheriger Verlauf")
        return (effect.chat_id, effect.thread_id, effect.text.split()[:2][-1], told) if card or told else None
    if effect.data and effect.data[0].startswith("r:"):
        return effect.chat_id, effect.data  # each question of the form is asked once
    return (effect.chat_id, effect.text) if "hat die Nummer" in effect.text else None


def _reference(effect: Effect) -> str:
    """The request whose topic is opened."""
    return next((word for word in effect.text.split() if "-" in word), effect.text)


def count_letters(stage: Stage, letters: Letters) -> Findings:
    """Whether each request went out by e-mail as well, and once."""
    found = Findings()
    for story in stage.stories:
        came, wrong = letters.of(story.reference) if story.reference else (0, 0)
        if story.reference and not came:
            found.add(LOST_REQUESTS, f"story {story.number}: no e-mail")
        if wrong:
            found.add(TWICE, f"story {story.number}: e-mail", wrong)
        if came - 1 - wrong > 0:
            found.add(ALLOWED, f"story {story.number}: e-mail", came - 1 - wrong)
    return found


def count_store(stage: Stage, read: Read, notes: Iterable[Path]) -> Findings:
    """What our own store says beside it: every update done, every change made once. ``notes`` are the files in which
    is noted what was recorded as sent."""
    found = Findings()
    done: dict[int, int] = dict(read("SELECT update_id, done FROM inbox"))
    waiting = read("SELECT count(*) FROM outbox WHERE status = 'queued'")[0][0]
    failed = read("SELECT method, reason, request, chat_id FROM outbox WHERE status = 'failed'")
    requests = [json.loads(body) for (body,) in read("SELECT body FROM requests")]
    acts = Counter(
        reference
        for (reference,) in read(
            f"SELECT request FROM outbox WHERE user_id IS NULL AND chat_id = {stage.forum.id} "  # noqa: S608 - a number
            "AND method <> 'noted'"
        )
    )
    lines = read("SELECT reference, side, text FROM lines ORDER BY id")
    thumbs = read("SELECT user_id, entry, value FROM feedback")
    recorded = set(read("SELECT chat_id, message_id FROM outbox WHERE message_id IS NOT NULL"))
    for line in (line for file in notes for line in file.read_text(encoding="utf-8").splitlines()):
        chat, message = line.split()
        recorded.add((int(chat), int(message)))
    for update in stage.fake_telegram.updates:
        if not done.get(update["update_id"]):
            found.add(UNPROCESSED, str(update["update_id"]))
    if waiting:
        found.add(LOST, f"{waiting} still in the queue", waiting)
    for method, reason, reference, chat_id in failed:
        if chat_id != stage.forum.id:
            acts[reference] -= 1  # the advisers were told, and nothing was changed
        if method != "answerCallbackQuery":  # that was answered before it died
            found.add(REFUSED, f"{method}: {reason}")
    for story in stage.stories:
        mine = [one for one in requests if one["details"]["concern"] == story.concern]
        if story.sent and len(mine) != 1:
            found.add(DOUBLE_REQUESTS if mine else LOST_REQUESTS, f"story {story.number}: {len(mine)}")
        for request in mine[:1]:
            _request(story, request, [line for line in lines if line[0] == request["reference"]], acts, found)
        held = [(entry, value) for user, entry, value in thumbs if user == story.person.id]
        if story.through and held != ([story.thumb] if story.thumb else []):
            found.add(STATE, f"story {story.number}: thumb {held}, given {story.thumb}")
    _unrecorded(stage, recorded, found)
    return found


def _request(story: Story, request: Any, lines: list[Any], acts: Counter[str], found: Findings) -> None:
    name = f"story {story.number}"
    for side, told in story.told.items():
        kept = [text for _, who, text in lines if who == side]
        if kept != told:
            found.add(STATE, f"{name}: the {side} wrote {told}, kept is {kept}")
    if not story.through:
        return
    changes = story.changes + acts[request["reference"]]
    if request["version"] != changes:
        found.add(STATE, f"{name}: changed {request['version']} times instead of {changes}")
    if (request["rating"], request["comment"]) != (story.rating, story.comment):
        found.add(STATE, f"{name}: rating {request['rating']}, comment {request['comment']}")
    if request["details"]["organisation"] != story.organisation:
        found.add(STATE, f"{name}: organisation {request['details']['organisation']}")


def _unrecorded(stage: Stage, recorded: set[tuple[int, int]], found: Findings) -> None:
    """Whatever reached a person without the store knowing it must be something whose answer was lost."""
    effects = [one for one in stage.ledger.effects if one.chat_id != stage.forum.id]
    last = {(one.life, one.chat_id): number for number, one in enumerate(effects)}
    for number, effect in enumerate(effects):
        if effect.method in NEW and (effect.chat_id, effect.message_id) not in recorded:
            cut = last[effect.life, effect.chat_id] == number
            if not (effect.lost or cut):
                found.add(
                    TWICE, f"life {effect.life}: {effect.method} to a person is not recorded: {effect.text[:40]}"
                )

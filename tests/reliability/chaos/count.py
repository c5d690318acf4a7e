"""Counts what was lost, done twice or mixed up, by comparing people's records, effects at Telegram, and the store."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bot.sandbox.fake_telegram.world.objects import text_and_entities
from tests.reliability.chaos.ledger import NEW_MESSAGE_METHODS, ORDERED_METHODS, Effect
from tests.reliability.chaos.mail_server import MailServer
from tests.reliability.chaos.stories import Simulation, Story, marker

RunQuery = Callable[[str], list[tuple[Any, ...]]]  # runs a query on the store


class Findings:
    """Counts by name, and a line for each finding."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.lines: list[str] = []

    def add(self, name: str, line: str, number: int = 1) -> None:
        """Record a finding."""
        self.counts[name] += number
        self.lines.append(f"{name}: {line}")


# the names of what must not happen
STOPPED, UNANSWERED = "conversations that came to a stop", "taps never answered"
LOST_REQUESTS, DOUBLE_REQUESTS = "requests lost", "requests stored or opened twice"
LOST, ELSEWHERE, DISORDER = "relayed messages lost", "relayed to the wrong place", "out of order"
TWICE, EDITS = "arrived twice without an answer lost", "edits lost"
UNPROCESSED, STATE = "updates unprocessed", "state lost or changed twice"
FORBIDDEN = (UNPROCESSED, STATE, LOST_REQUESTS, DOUBLE_REQUESTS, LOST, ELSEWHERE, DISORDER, EDITS, TWICE, UNANSWERED,
             STOPPED)  # fmt: skip
REFUSED = "refused by Telegram after the topic was deleted"
ALLOWED = "arrived twice, answer lost after the effect"


def count(simulation: Simulation) -> Findings:
    """Count what is visible at Telegram alone, for any bot."""
    findings = Findings()
    for story in simulation.stories:
        _check_story(simulation, story, findings)
    _check_duplicates(simulation, findings, simulation.ledger.effects)
    return findings


def _check_story(simulation: Simulation, story: Story, findings: Findings) -> None:
    name = f"story {story.number}"
    if not story.finished:
        findings.add(STOPPED, f"{name} waits for {story.waiting_for}")
    for tap in story.taps:
        if tap.answer is None:
            findings.add(UNANSWERED, name)
    forum, ledger = simulation.forum.id, simulation.ledger
    cards = [
        effect for effect in ledger.by_marker[marker(story.number, 0)] if effect.chat_id == forum and effect.data
    ]
    if story.sent and not cards:
        findings.add(LOST_REQUESTS, name)
    for side, destination, own_chat in (("person", forum, story.person.id), ("adviser", story.person.id, forum)):
        positions = []
        for number, text in enumerate(story.written[side], 1):
            mark = marker(story.number, f"{side[0]}{number}")
            copies = [effect for effect in ledger.by_marker[mark] if effect.method == "copyMessage"]
            if not any(copy.chat_id == destination for copy in copies):
                findings.add(LOST, f"{text} of the {side}")
            else:
                positions.append(next(ledger.position[id(copy)] for copy in copies if copy.chat_id == destination))
            threads = {card.thread_id for card in cards}
            wrong = [
                copy
                for copy in copies
                if copy.chat_id != destination or (destination == forum and copy.thread_id not in threads)
            ]
            wrong += [effect for effect in ledger.by_marker[mark] if effect.chat_id not in (destination, own_chat)]
            if wrong:
                findings.add(ELSEWHERE, f"{text} of the {side}", len(wrong))
        if positions != sorted(positions):
            findings.add(DISORDER, f"{name}, {side}")
        if (edited_text := story.edited.get(side)) and not story.deleted_topics:
            chat = simulation.fake_telegram.world.chats[destination]
            texts = [text_and_entities(message.content)[0] for message in chat.messages.values()]
            if not any(edited_text in text and text.endswith("geändert") for text in texts):
                findings.add(EDITS, f"{edited_text} of the {side}")


def _check_duplicates(simulation: Simulation, findings: Findings, effects: list[Effect]) -> None:
    """Find new messages that appear again in the same place.

    This is allowed only if the answer to the first one may have been lost: if its connection was cut, or if its
    life ended before any other call in the chat, and no other message came between in its lane. Once another call
    followed, the answer must have been recorded. In the next life the lanes of other requests may come first, and a
    pin may come between, because a topic whose set-up is resumed is pinned again.
    """
    last_in_life: dict[tuple[int, int], int] = {}
    newest_in_lane: dict[Any, int] = {}
    next_in_lane: dict[int, int] = {}  # from a new message to the next one in its lane
    for number, effect in enumerate(effects):
        if effect.method in ORDERED_METHODS:
            last_in_life[effect.life, effect.chat_id] = number
        if effect.method in NEW_MESSAGE_METHODS:
            lane = effect.chat_id, _reference(effect) if effect.method == "createForumTopic" else effect.thread_id
            if lane in newest_in_lane:
                next_in_lane[newest_in_lane[lane]] = number
            newest_in_lane[lane] = number
    earlier_numbers: dict[Any, int] = {}
    for number, effect in enumerate(effects):
        key = _identity(simulation, effect)
        if key is None:
            continue
        earlier_number = earlier_numbers.get(key)
        if earlier_number is not None:
            earlier = effects[earlier_number]
            may_be_lost = earlier.life < effect.life and last_in_life[earlier.life, earlier.chat_id] == earlier_number
            may_be_lost = may_be_lost and next_in_lane.get(earlier_number) == number
            findings.add(
                ALLOWED if earlier.lost or may_be_lost else TWICE, f"life {earlier.life}, {effect.life}: {key}"
            )
        earlier_numbers[key] = number


def _identity(simulation: Simulation, effect: Effect) -> Any:
    """Return what identifies a new message; None if the same one may well be sent again."""
    if effect.method not in NEW_MESSAGE_METHODS:
        return None
    if effect.method == "copyMessage":
        return effect.chat_id, effect.text
    if effect.method == "createForumTopic":
        reference = _reference(effect)
        deletions = [story.deleted_topics for story in simulation.stories if story.reference == reference]
        return None if deletions and deletions[0] else (effect.chat_id, "topic", reference)
    if effect.chat_id == simulation.forum.id:
        if "erinnert werden" in effect.text:  # each adviser asks for it once
            return effect.chat_id, effect.thread_id, "reminder"
        is_card = effect.data and effect.text.startswith("Anfrage")
        is_history = effect.text.startswith("Bisheriger Verlauf")
        return (
            (effect.chat_id, effect.thread_id, effect.text.split()[:2][-1], is_history)
            if is_card or is_history
            else None
        )
    if effect.data and effect.data[0].startswith("r:"):
        return effect.chat_id, effect.data  # each question of the form is asked once
    return (effect.chat_id, effect.text) if "hat die Nummer" in effect.text else None


def _reference(effect: Effect) -> str:
    """Return the request whose topic is created."""
    return next((word for word in effect.text.split() if "-" in word), effect.text)


def count_mails(simulation: Simulation, mail_server: MailServer) -> Findings:
    """Count requests whose e-mail is missing or was sent more than once."""
    findings = Findings()
    for story in simulation.stories:
        received, duplicates = mail_server.count_mails(story.reference) if story.reference else (0, 0)
        if story.reference and not received:
            findings.add(LOST_REQUESTS, f"story {story.number}: no e-mail")
        if duplicates:
            findings.add(TWICE, f"story {story.number}: e-mail", duplicates)
        if received - 1 - duplicates > 0:
            findings.add(ALLOWED, f"story {story.number}: e-mail", received - 1 - duplicates)
    return findings


def count_store(simulation: Simulation, run_query: RunQuery, notes: Iterable[Path]) -> Findings:
    """Count what the store reveals: updates that are not done, changes that were lost or made twice.

    ``notes`` are the files that list what was recorded as sent.
    """
    findings = Findings()
    done: dict[int, int] = dict(run_query("SELECT update_id, done FROM inbox"))
    queued = run_query("SELECT count(*) FROM outbox WHERE status = 'queued'")[0][0]
    failed = run_query("SELECT method, reason, request, chat_id FROM outbox WHERE status = 'failed'")
    requests = [json.loads(body) for (body,) in run_query("SELECT body FROM requests")]
    automatic_changes = Counter(
        reference
        for (reference,) in run_query(
            f"SELECT request FROM outbox WHERE user_id IS NULL AND chat_id = {simulation.forum.id} "  # noqa: S608 - a number
            "AND method <> 'noted'"
        )
    )
    lines = run_query("SELECT reference, side, text FROM lines ORDER BY id")
    thumbs = run_query("SELECT user_id, entry, value FROM feedback")
    recorded = set(run_query("SELECT chat_id, message_id FROM outbox WHERE message_id IS NOT NULL"))
    for line in (line for file in notes for line in file.read_text(encoding="utf-8").splitlines()):
        chat, message = line.split()
        recorded.add((int(chat), int(message)))
    for update in simulation.fake_telegram.updates:
        if not done.get(update["update_id"]):
            findings.add(UNPROCESSED, str(update["update_id"]))
    if queued:
        findings.add(LOST, f"{queued} still in the queue", queued)
    for method, reason, reference, chat_id in failed:
        if chat_id != simulation.forum.id:
            automatic_changes[reference] -= 1  # the advisers were notified, but nothing was changed
        if method != "answerCallbackQuery":  # which was answered before the kill
            findings.add(REFUSED, f"{method}: {reason}")
    for story in simulation.stories:
        matching = [request for request in requests if request["details"]["concern"] == story.concern]
        if story.sent and len(matching) != 1:
            findings.add(DOUBLE_REQUESTS if matching else LOST_REQUESTS, f"story {story.number}: {len(matching)}")
        for request in matching[:1]:
            _check_request(
                story,
                request,
                [line for line in lines if line[0] == request["reference"]],
                automatic_changes,
                findings,
            )
        stored_thumbs = [(entry, value) for user, entry, value in thumbs if user == story.person.id]
        if story.finished and stored_thumbs != ([story.thumb] if story.thumb else []):
            findings.add(STATE, f"story {story.number}: thumb {stored_thumbs}, given {story.thumb}")
    _check_unrecorded(simulation, recorded, findings)
    return findings


def _check_request(
    story: Story, request: Any, lines: list[Any], automatic_changes: Counter[str], findings: Findings
) -> None:
    name = f"story {story.number}"
    for side, written in story.written.items():
        stored = [text for _, author, text in lines if author == side]
        if stored != written:
            findings.add(STATE, f"{name}: the {side} wrote {written}, stored is {stored}")
    if not story.finished:
        return
    changes = story.changes + automatic_changes[request["reference"]]
    if request["version"] != changes:
        findings.add(STATE, f"{name}: changed {request['version']} times instead of {changes}")
    if (request["rating"], request["comment"]) != (story.rating, story.comment):
        findings.add(STATE, f"{name}: rating {request['rating']}, comment {request['comment']}")
    if request["details"]["organisation"] != story.organisation:
        findings.add(STATE, f"{name}: organisation {request['details']['organisation']}")


def _check_unrecorded(simulation: Simulation, recorded: set[tuple[int, int]], findings: Findings) -> None:
    """Find messages that reached a person, that the store does not know, and whose answer was not lost."""
    effects = [effect for effect in simulation.ledger.effects if effect.chat_id != simulation.forum.id]
    last_in_life = {(effect.life, effect.chat_id): number for number, effect in enumerate(effects)}
    for number, effect in enumerate(effects):
        if effect.method in NEW_MESSAGE_METHODS and (effect.chat_id, effect.message_id) not in recorded:
            may_be_lost = last_in_life[effect.life, effect.chat_id] == number
            if not (effect.lost or may_be_lost):
                findings.add(
                    TWICE, f"life {effect.life}: {effect.method} to a person is not recorded: {effect.text[:40]}"
                )

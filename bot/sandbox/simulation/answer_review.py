"""Why the bot answered as it did; what would have been right, kept as a labelled question; a chat kept as a test."""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.app.replay import ReplayTurn, describe_expectation, format_replay
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.updates import update_chat_id
from bot.sandbox.simulation.action_models import LabelAction
from bot.sandbox.simulation.actions import ActionRefused
from bot.sandbox.simulation.state import AnswerRecord, SimulationState
from index.evaluation.dataset import read_labelled_questions
from index.search.searcher import Searcher
from index.search.sentences import find_best_sentence
from knowledge.errors import ContentError
from knowledge.loader import has_builtin_layout
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.records.entry import Entry, Layer

LABELLED_FILE = "labelled.jsonl"
MAX_HISTORY = 2  # questions before a labelled one, to which it may refer
KINDS = {"answered": "answerable", "abstained": "unanswerable", "consultation": "human", "smalltalk": "smalltalk"}


class AnswerReview:
    """Explains answers with the current index, and keeps labels in a file."""

    def __init__(
        self, simulation: SimulationState, current_searcher: Callable[[], Searcher], knowledge: Path, labelled: Path
    ) -> None:
        self._simulation, self._current_searcher = simulation, current_searcher
        self._knowledge, self._labelled = knowledge, labelled

    def list_entries(self, lang: str) -> list[Json]:
        """Return every entry that can be the right one, by title."""
        searcher = self._current_searcher()
        names = searcher.reader.target_names
        found = (searcher.find_entry(names[number], lang) for number in range(len(names)))
        listed = [{"id": entry.id, "title": entry.title} for entry in found if entry and entry.layer is not Layer.GAP]
        return sorted(listed, key=lambda item: item["title"].casefold())

    def describe_entry(self, entry_id: str, lang: str) -> Json:
        """Return what an editor wants to read of an entry, as it is in use."""
        entry = self._current_searcher().find_entry(entry_id, lang)
        if entry is None:
            raise ActionRefused("Diesen Eintrag gibt es nicht.", "There is no such entry.")
        return self._describe_entry(entry) | {
            "source": " ".join(filter(None, (entry.source, entry.url))),
            "text": markdown_to_plain(entry.body),
            "questions": list(entry.questions),
            "not": list(entry.not_answered),
        }

    def explain_message(self, chat: int, message: int) -> Json:
        """Return what led to a message of the bot in a private chat: an explanation for each question of its turn."""
        return {"answers": [self._explain(answer) for answer in self._answers_behind(chat, message)]}

    def keep_label(self, action: LabelAction) -> Json:
        """Keep what is right for a question, or nothing, in place of what was kept for it before; return the file."""
        answers = self._answers_behind(action.chat, action.message)
        if not any(answer.question == action.question for answer in answers):
            raise ActionRefused(
                "Zu dieser Nachricht gehört keine solche Frage.", "No such question led to this message."
            )
        if (action.expect == "answered") != bool(action.entry):
            raise ActionRefused("Welcher Eintrag wäre richtig?", "Which entry would be right?")
        searcher = self._current_searcher()
        if action.entry and searcher.find_entry(action.entry, "de") is None:
            raise ActionRefused("Diesen Eintrag gibt es nicht.", "There is no such entry.")
        item = {
            "question": action.question,
            "lang": searcher_language(self._simulation, action.chat),
            "kind": KINDS[action.expect or "answered"],
            "topic": action.entry or action.expect,
            "expect": action.expect,
            "entries": [action.entry] if action.entry else [],
        }
        if history := self._questions_before(action):
            item["history"] = history
        self._write_label(item, keeps=action.expect is not None)
        return {"file": str(self._labelled)}

    def export_chat(self, chat: int) -> str:
        """Return a private chat as a conversation for `gwbot replay`."""
        account = self._simulation.world.accounts[chat]
        with self._simulation.world.condition:
            turns = list(self._replay_turns(chat))
        if not turns:
            raise ActionRefused("In diesem Chat hat noch niemand etwas geschrieben.", "Nobody has written here yet.")
        return format_replay(account.language_code or "", turns)

    def _answers_behind(self, chat: int, message: int) -> list[AnswerRecord]:
        panel = self._simulation.panel
        marks = [mark for mark in panel.turns if mark.chat == chat and mark.last_message < message]
        if not marks:
            return []
        return [answer for answer in panel.answers if answer.update == marks[-1].update and answer.person == chat]

    def _explain(self, answer: AnswerRecord) -> Json:
        searcher = self._current_searcher()
        lang = searcher_language(self._simulation, answer.person)
        shown = [entry for entry_id in answer.shown if (entry := searcher.find_entry(entry_id, lang))]
        nearest = [(entry, score) for name, score in answer.entries if (entry := searcher.find_entry(name, lang))]
        vector = searcher.search(answer.question).query_vector
        sentence = None
        if answer.status == "answered" and shown and vector is not None:
            sentence = find_best_sentence(searcher.reader, shown[0], vector)
        return {
            "question": answer.question,
            "status": answer.status,
            "probability": round(answer.confidence, 4),
            "shown": [self._describe_entry(entry) for entry in shown],
            "sentence": sentence.text if sentence else "",
            "nearest": [
                self._describe_entry(entry) | {"score": round(score, 3)}
                for entry, score in nearest
                if entry.id not in answer.shown
            ],
        }

    def _describe_entry(self, entry: Entry) -> Json:
        folder = f"content/{entry.lang}/" if has_builtin_layout(self._knowledge) else ""
        file = f"{self._knowledge.name}/{folder}{entry.id}.md"
        return {"id": entry.id, "title": entry.title, "file": file, "gap": entry.layer is Layer.GAP}

    def _questions_before(self, action: LabelAction) -> list[str]:
        questions = [answer.question for answer in self._simulation.panel.answers if answer.person == action.chat]
        position = len(questions) - 1 - questions[::-1].index(action.question)
        return questions[max(0, position - MAX_HISTORY) : position]

    def _write_label(self, item: Json, *, keeps: bool) -> None:
        try:
            kept = read_labelled_questions(self._labelled) if self._labelled.is_file() else []
        except ContentError as error:
            raise ActionRefused(error.problems[0].describe("de"), error.problems[0].describe("en")) from None
        lines = self._labelled.read_text("utf-8").splitlines() if kept else []
        key = (item["question"], item["lang"], tuple(item.get("history", ())))
        others = [line for line, old in zip(lines, kept, strict=True) if (old.question, old.lang, old.history) != key]
        if keeps:
            others.append(json.dumps({"id": f"sandbox-{secrets.token_hex(4)}", **item}, ensure_ascii=False))
        if not others:
            self._labelled.unlink(missing_ok=True)
            return
        temporary = self._labelled.with_suffix(".tmp")
        temporary.write_text("".join(f"{line}\n" for line in others), "utf-8")
        temporary.replace(self._labelled)

    def _replay_turns(self, chat: int) -> Iterator[ReplayTurn]:
        for update in self._simulation.world.updates.history:
            if update_chat_id(update) != chat:
                continue
            decisions = [
                (answer.status, answer.shown)
                for answer in self._simulation.panel.answers
                if answer.update == update["update_id"]
            ]
            if text := update.get("message", {}).get("text"):
                yield describe_expectation(text, "", decisions)
            elif label := _tapped_label(update.get("callback_query", {})):
                yield describe_expectation("", label, decisions)


def searcher_language(simulation: SimulationState, person: int) -> str:
    """Return the language in which entries are shown to a person."""
    account = simulation.world.accounts.get(person)
    return (account.language_code if account else None) or "de"


def _tapped_label(query: Json) -> str:
    rows = query.get("message", {}).get("reply_markup", {}).get("inline_keyboard", [])
    buttons = (button for row in rows for button in row)
    return next((str(button["text"]) for button in buttons if button.get("callback_data") == query.get("data")), "")

/** Explains the bot's answers: its decision, confidence, and the entries considered. */

import { button, h, keyed } from "./dom.js";
import { get } from "./state.js";
import { LANG, t } from "./texts.js";
import { sureText } from "./why.js";
import { number } from "./words.js";

const FLOOR = 0.6; // of the highest score, where a bar is empty: what is shown at all is close
const titles = new Map(); // of entries, by id

/** The list of decisions, newest first; ``goTo`` shows a message, ``read`` an entry. */
export function answers(goTo, read) {
  const empty = h("p", t("answers.empty"));
  const how = h("p", t("answers.how"));
  const list = h("ol", { class: "answers", reversed: true });
  get(`/api/entries/${LANG}`).then((all) => all.forEach(({ id, title }) => titles.set(id, title)), () => null);
  const node = h("div", h("h2", t("answers.title")), empty, how, list);

  return {
    node,
    update(state) {
      const people = new Map(state.people.map((person) => [person.id, person.name]));
      empty.hidden = state.answers.length > 0;
      how.hidden = !empty.hidden;
      const views = state.answers.map((answer, place) => ({ ...answer, key: place, who: people.get(answer.person) }));
      keyed(list, views.reverse(), draw);
    },
  };

  function draw(answer) {
    return h(
      "li",
      h("p", { class: "question" }, answer.who ? `${answer.who}: ` : null, question(answer)),
      h(
        "p",
        { class: "figures" },
        h("strong", { "data-status": answer.status }, t(`answers.${answer.status}`)),
        answer.confidence === null || answer.confidence === undefined
          ? null
          : h("span", sureText(answer.confidence)),
        answer.ms === null || answer.ms === undefined ? null : h("span", `${number(answer.ms)} ms`),
      ),
      answer.entries?.length ? entries(answer.entries) : null,
    );
  }

  /** The question; it leads to the answer in the chat if that still exists. */
  function question({ question, chat, message }) {
    const text = h("q", question);
    return message ? button([text], () => goTo(chat, message), { class: "inline", title: t("answers.go") }) : text;
  }

  function entries(found) {
    const most = Math.max(...found.map((entry) => entry.score), 1);
    return h(
      "ol",
      { class: "entries", "aria-label": t("answers.entries") },
      found.map(({ entry, score }) =>
        h(
          "li",
          titles.has(entry) ? button(titles.get(entry), () => read(entry), { class: "inline", title: entry }) : h("span", entry),
          h("meter", { min: most * FLOOR, max: most, value: Math.max(score, most * FLOOR), "aria-label": t("answers.score", { entry }) }),
          h("span", { class: "number" }, number(score)),
        ),
      ),
    );
  }
}

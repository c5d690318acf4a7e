/** Explains the bot's answers: its decision, confidence, and the entries considered. */

import { h, keyed } from "./dom.js";
import { number, percent } from "./words.js";

const DECISIONS = {
  answered: "beantwortet",
  clarify: "nachgefragt",
  abstained: "nicht beantwortet",
  consultation: "an Menschen verwiesen",
  smalltalk: "Umgangston",
};

/** The list of decisions, newest first. */
export function answers() {
  const empty = h("p", "Sobald jemand den Bot etwas fragt, steht hier, warum er so geantwortet hat.");
  const list = h("ol", { class: "answers", reversed: true });
  const node = h("div", h("h2", "Warum diese Antwort?"), empty, list);

  return {
    node,
    update(state) {
      const people = new Map(state.people.map((person) => [person.id, person.name]));
      empty.hidden = state.answers.length > 0;
      const views = state.answers.map((answer, place) => ({ ...answer, key: place, who: people.get(answer.person) }));
      keyed(list, views.reverse(), draw);
    },
  };
}

function draw(answer) {
  return h(
    "li",
    h("p", { class: "question" }, answer.who ? `${answer.who}: ` : null, h("q", answer.question)),
    h(
      "p",
      { class: "figures" },
      h("strong", { "data-status": answer.status }, DECISIONS[answer.status] ?? answer.status),
      answer.confidence === null || answer.confidence === undefined
        ? null
        : h("span", `${percent(answer.confidence)} sicher`),
      answer.ms === null || answer.ms === undefined ? null : h("span", `${number(answer.ms)} ms`),
    ),
    answer.entries?.length ? entries(answer.entries) : null,
  );
}

function entries(found) {
  const most = Math.max(...found.map((entry) => entry.score), 1);
  return h(
    "ol",
    { class: "entries", "aria-label": "Einträge, die am besten passen" },
    found.map(({ entry, score }) =>
      h(
        "li",
        h("span", entry),
        h("meter", { max: most, value: Math.max(score, 0), "aria-label": `Wert von ${entry}` }),
        h("span", { class: "number" }, number(score)),
      ),
    ),
  );
}

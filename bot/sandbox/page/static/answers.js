/** Explains the bot's answers: its decision, confidence, and the entries considered. */

import { h, keyed } from "./dom.js";
import { t } from "./texts.js";
import { number, percent } from "./words.js";

/** The list of decisions, newest first. */
export function answers() {
  const empty = h("p", t("answers.empty"));
  const list = h("ol", { class: "answers", reversed: true });
  const node = h("div", h("h2", t("answers.title")), empty, list);

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
      h("strong", { "data-status": answer.status }, t(`answers.${answer.status}`)),
      answer.confidence === null || answer.confidence === undefined
        ? null
        : h("span", t("answers.sure", { percent: percent(answer.confidence) })),
      answer.ms === null || answer.ms === undefined ? null : h("span", `${number(answer.ms)} ms`),
    ),
    answer.entries?.length ? entries(answer.entries) : null,
  );
}

function entries(found) {
  const most = Math.max(...found.map((entry) => entry.score), 1);
  return h(
    "ol",
    { class: "entries", "aria-label": t("answers.entries") },
    found.map(({ entry, score }) =>
      h(
        "li",
        h("span", entry),
        h("meter", { max: most, value: Math.max(score, 0), "aria-label": t("answers.score", { entry }) }),
        h("span", { class: "number" }, number(score)),
      ),
    ),
  );
}

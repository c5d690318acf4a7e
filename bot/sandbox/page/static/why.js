/** A dialog about a message of the bot: why it answered so, and what would have been right. */

import { button, h, iconButton } from "./dom.js";
import { attempt, get, notice, post } from "./state.js";
import { LANG, t } from "./texts.js";
import { number, percent } from "./words.js";

const SURE = [
  [0.95, "why.sure.very"],
  [0.8, "why.sure.quite"],
  [0.6, "why.sure.rather"],
  [0, "why.sure.hardly"],
];
const OTHERS = ["abstained", "consultation", "smalltalk"];

/** Shows the dialog for a message of a private chat. */
export async function explain(chat, message) {
  const found = await attempt(() => Promise.all([get(`/api/why/${chat}/${message.id}`), get(`/api/entries/${LANG}`)]));
  if (!found) return;
  const [{ answers }, entries] = found;
  const node = h("dialog", { class: "why", "aria-labelledby": "why-title", onclose: () => node.remove() });
  const shut = () => node.close();
  node.append(
    h("header", h("h2", { id: "why-title" }, t("why.title")), iconButton("close", t("why.close"), shut)),
    ...(answers.length ? answers.map((answer, place) => part(answer, place)) : [h("p", t("why.none"))]),
  );
  document.body.append(node);
  node.showModal();

  function part(answer, place) {
    return h("section", h("p", { class: "question" }, h("q", answer.question)), reasons(answer), correction(answer, place));
  }

  function correction(answer, place) {
    const listId = `why-entries-${place}`;
    const input = h("input", { id: `why-entry-${place}`, list: listId, autocomplete: "off" });
    const options = entries.map(({ id, title }) => h("option", { value: id }, title));
    const keep = (expect, entry) => save({ chat, message: message.id, question: answer.question, expect, entry });
    const submit = (event) => {
      event.preventDefault();
      keep("answered", input.value.trim());
    };
    return h(
      "form",
      { onsubmit: submit },
      h("label", { for: input.id }, t("why.right")),
      h("p", { class: "row" }, input, h("datalist", { id: listId }, options), h("button", { class: "plain" }, t("why.keep"))),
      h("p", { class: "row" }, OTHERS.map((expect) => button(t(`why.right.${expect}`), () => keep(expect, ""), { class: "plain quiet" }))),
    );
  }

  async function save(label) {
    const kept = await attempt(() => post("label", label));
    if (!kept) return;
    shut();
    notice(t("why.kept", kept));
  }
}

/** How sure the bot was, in words. */
export function sureText(probability) {
  const [, key] = SURE.find(([least]) => probability >= least);
  return t(key, { percent: percent(probability) });
}

function reasons({ status, probability, shown, sentence, nearest }) {
  const gap = status === "abstained" && shown.length > 0;
  return h(
    "div",
    h("p", t(`why.${gap ? "gap" : status}`), " ", sureText(probability)),
    shown.length ? h("ul", { class: "shown" }, shown.map(entry)) : null,
    sentence ? h("p", t("why.sentence"), h("q", sentence)) : null,
    nearest.length ? h("p", t("why.nearest")) : null,
    nearest.length ? h("ul", { class: "nearest" }, nearest.map(entry)) : null,
  );
}

function entry({ title, file, score }) {
  return h("li", h("strong", title), h("code", file), score === undefined ? null : h("span", t("why.score", { n: number(score) })));
}

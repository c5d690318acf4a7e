/** A dialog about a message of the bot: why it answered so, and what would have been right. */

import { button, h, iconButton } from "./dom.js";
import { readable } from "./entries.js";
import { attempt, get, post } from "./state.js";
import { LANG, t } from "./texts.js";
import { number, percent } from "./words.js";

const SURE = [
  [0.95, "why.sure.very"],
  [0.8, "why.sure.quite"],
  [0.6, "why.sure.rather"],
  [0, "why.sure.hardly"],
];
const RIGHT = ["answered", "abstained", "consultation", "smalltalk"];

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
    h("p", { class: "as-test" }, t("why.test"), " ", h("a", { href: `/api/test/${chat}`, download: "" }, t("head.test"))),
  );
  document.body.append(node);
  node.showModal();

  function part(answer, place) {
    return h("section", h("p", { class: "question" }, h("q", answer.question)), reasons(answer), correction(answer, place));
  }

  /** What would have been right: chosen, then kept, which can be taken back. */
  function correction(answer, place) {
    const listId = `why-entries-${place}`;
    const told = h("p", { role: "status" });
    const tell = (...parts) => told.replaceChildren(...parts);
    const entry = h("input", { list: listId, autocomplete: "off", "aria-label": t("why.entry"), oninput: choose });
    const options = entries.map(({ id, title }) => h("option", { value: id }, title));
    const choices = RIGHT.map((value) => h("input", { type: "radio", name: "expect", value, required: true }));
    const labels = choices.map((choice) => h("label", choice, t(`why.right.${choice.value}`)));
    const label = (expect) => ({
      chat,
      message: message.id,
      question: answer.question,
      expect,
      entry: expect === "answered" ? entry.value.trim() : "",
    });

    function choose() {
      choices[0].checked = true;
    }

    async function keep(event) {
      event.preventDefault();
      const kept = await attempt(() => post("label", label(choices.find((choice) => choice.checked).value)), tell);
      if (kept) tell(t("why.kept"), " ", h("code", `gwbot eval --questions ${kept.file}`), " ", button(t("why.forget"), forget, { class: "inline" }));
    }

    async function forget() {
      if (await attempt(() => post("label", label(null)), tell)) tell(t("why.forgotten"));
    }

    return h(
      "form",
      { onsubmit: keep },
      h("fieldset", h("legend", t("why.right")), labels[0], entry, labels.slice(1), h("datalist", { id: listId }, options)),
      h("button", { class: "plain" }, t("why.keep")),
      told,
    );
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

function entry({ score, ...shown }) {
  return h("li", readable(shown), score === undefined ? null : h("span", t("why.score", { n: number(score) })));
}

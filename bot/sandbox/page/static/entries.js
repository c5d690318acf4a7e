/** For editors: every entry to search and to read, with its file and its example questions. */

import { h, keyed } from "./dom.js";
import { attempt, get } from "./state.js";
import { LANG, t } from "./texts.js";

const MOST = 12; // shown at once

/** The search field and its results; ``refresh`` reads the list again. */
export function entries() {
  const search = h("input", { type: "search", id: "entries-search", autocomplete: "off", oninput: draw });
  const list = h("ul", { class: "entries-list" });
  const more = h("p");
  const node = h(
    "div",
    h("h3", t("entries.title")),
    h("p", { class: "field" }, h("label", { for: search.id }, t("entries.search")), search),
    list,
    more,
  );
  let all = [];

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter(({ id, title }) => words.every((word) => `${id} ${title}`.toLowerCase().includes(word)));
    keyed(list, words.length ? found.slice(0, MOST) : [], item);
    more.textContent = words.length ? t(found.length > MOST ? "entries.many" : "entries.found", { n: found.length }) : "";
  }

  async function refresh() {
    all = (await get(`/api/entries/${LANG}`).catch(() => null)) ?? all;
    list.replaceChildren();
    draw();
  }

  return { node, refresh };
}

function item({ id, title }) {
  const content = h("div");
  const node = h("details", { ontoggle: show }, h("summary", title, " ", h("code", id)), content);
  async function show() {
    if (!node.open || content.childElementCount) return;
    const entry = await attempt(() => get(`/api/entries/${LANG}/${encodeURIComponent(id)}`));
    if (entry) content.append(...preview(entry));
  }
  return h("li", node);
}

function preview({ file, source, text, questions, not }) {
  return [
    h("p", h("code", file)),
    ...text.split(/\n{2,}/).map((paragraph) => h("p", { class: "entry-text" }, paragraph)),
    source ? h("p", t("entries.source", { source })) : null,
    questions.length ? group(t("entries.questions", { n: questions.length }), questions) : null,
    not.length ? group(t("entries.not", { n: not.length }), not) : null,
  ].filter(Boolean);
}

function group(title, texts) {
  return h("details", h("summary", title), h("ul", texts.map((text) => h("li", text))));
}

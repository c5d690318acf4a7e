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
    found.sort((one, other) => (other.id === search.value) - (one.id === search.value));
    keyed(list, words.length ? found.slice(0, MOST) : [], item);
    more.textContent = words.length ? t(found.length > MOST ? "entries.many" : "entries.found", { n: found.length }) : "";
  }

  async function refresh() {
    all = (await get(`/api/entries/${LANG}`).catch(() => null)) ?? all;
    list.replaceChildren();
    draw();
  }

  /** Finds an entry and unfolds it. */
  function open(id) {
    search.value = id;
    draw();
    const found = [...list.children].find((one) => one.dataset.key === id)?.querySelector("details");
    if (!found) return;
    found.open = true;
    found.querySelector("summary").focus();
  }

  return { node, refresh, open };
}

const item = (entry) => h("li", readable(entry));

/** An entry that can be unfolded and read; its ``file`` is shown in place of its name if it is known. */
export function readable({ id, title, file }) {
  const content = h("div");
  const node = h("details", { ontoggle: show }, h("summary", title, " ", h("code", file ?? id)), content);
  async function show() {
    if (!node.open || content.childElementCount) return;
    const entry = await attempt(() => get(`/api/entries/${LANG}/${encodeURIComponent(id)}`));
    if (entry) content.append(...preview(entry, !file));
  }
  return node;
}

function preview({ file, source, text, questions, not }, namesFile) {
  return [
    namesFile ? h("p", h("code", file)) : null,
    ...text.split(/\n{2,}/).map((paragraph) => h("p", { class: "entry-text" }, paragraph)),
    source ? h("p", t("entries.source", { source })) : null,
    questions.length ? group(t("entries.questions", { n: questions.length }), questions) : null,
    not.length ? group(t("entries.not", { n: not.length }), not) : null,
  ].filter(Boolean);
}

function group(title, texts) {
  return h("details", h("summary", title), h("ul", texts.map((text) => h("li", text))));
}

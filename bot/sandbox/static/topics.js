/** The topics of a group, to change between. */

import { h, keyed, spoken } from "./dom.js";

/** A bar of topics; ``chosen`` is told when another one is opened. */
export function topics(chosen) {
  const node = h("nav", { class: "topics", "aria-label": "Themen", hidden: true });
  const seen = new Map(); // topic -> number of messages that have been on screen
  let current = null;

  function update(chat, follow) {
    const counts = new Map([[null, 0], ...(chat.topics ?? []).map(({ id }) => [id, 0])]);
    for (const { topic } of chat.messages) counts.set(topic ?? null, (counts.get(topic ?? null) ?? 0) + 1);
    if (follow || !counts.has(current)) current = newest(chat, counts);
    seen.set(current, counts.get(current));
    const general = { id: null, name: "Allgemein", closed: false };
    const all = [general, ...[...(chat.topics ?? [])].reverse()];
    node.hidden = all.length === 1;
    keyed(node, all.map((topic) => ({
      ...topic, open: topic.id === current, unread: Math.max(0, counts.get(topic.id) - (seen.get(topic.id) ?? 0)),
    })), (topic) => String(topic.id), draw);
  }

  function newest(chat, counts) {
    const last = [...chat.messages].sort((a, b) => a.date - b.date || a.id - b.id).at(-1)?.topic ?? null;
    return counts.has(last) ? last : null;
  }

  function draw(topic) {
    return h(
      "button", { type: "button", "aria-current": topic.open ? "true" : null, onclick: () => { current = topic.id; chosen(); } },
      topic.name, topic.closed ? spoken(" (geschlossen)") : null,
      topic.unread ? h("span", { class: "badge" }, topic.unread, spoken(" neu")) : null,
    );
  }

  return { node, update, current: () => current };
}

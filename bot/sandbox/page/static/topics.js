/** A bar to switch between the topics of a group. */

import { button, h, keyed, spoken } from "./dom.js";
import { t } from "./texts.js";

/** The bar; ``chosen`` is called when another topic is opened. A new topic opens automatically over the general one. */
export function topics(chosen) {
  const node = h("nav", { class: "topics", "aria-label": t("topics"), hidden: true });
  const seen = new Map(); // topic -> number of messages already shown
  let current = null;
  let latest = null; // the newest message so far

  function update(chat, follow) {
    const counts = new Map([[null, 0], ...chat.topics.map(({ id }) => [id, 0])]);
    for (const { topic } of chat.messages) counts.set(topic, (counts.get(topic) ?? 0) + 1);
    const newest = chat.messages.at(-1);
    const isNew = current === null && chat.topics.some(({ id }) => !seen.has(id));
    if (isNew || (follow && newest?.id !== latest) || !counts.has(current)) current = newest?.topic ?? null;
    latest = newest?.id ?? null;
    seen.set(current, counts.get(current));
    for (const [topic, count] of counts) seen.set(topic, Math.min(seen.get(topic) ?? 0, count));
    const general = { id: null, name: t("topics.general") };
    const all = [general, ...[...chat.topics].reverse()];
    const unread = (topic) => counts.get(topic.id) - seen.get(topic.id);
    node.hidden = all.length === 1;
    const view = (topic) => ({
      ...topic,
      key: `topic ${topic.id}`,
      open: topic.id === current,
      unread: unread(topic),
    });
    keyed(node, all.map(view), draw);
  }

  function draw(topic) {
    const text = [
      h("span", topic.name),
      topic.unread ? h("span", { class: "badge" }, topic.unread, spoken(` ${t("new")}`)) : null,
    ];
    return button(text, () => open(topic), { "aria-current": topic.open ? "true" : null });
  }

  function open(topic) {
    current = topic.id;
    chosen();
  }

  return { node, update, current: () => current };
}

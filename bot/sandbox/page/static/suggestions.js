/** Suggestions above the text field: commands after "/", results after "@bot …". */

import { h, keyed } from "./dom.js";
import { attempt, post } from "./state.js";
import { t } from "./texts.js";

/** A list for a text field; ``pick`` receives the chosen item. */
export function suggestions(area, name, pick) {
  const id = `list-${name}`;
  const role = { role: "listbox", "aria-label": t("suggestions"), tabindex: "0" }; // so that it can be scrolled without a mouse
  const node = h("ul", { id, class: "suggestions", hidden: true, ...role, onkeydown });
  let items = [];
  let at = 0;
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", node.id);

  function show(next) {
    items = next;
    at = Math.min(at, Math.max(items.length - 1, 0));
    draw();
  }

  function draw() {
    node.hidden = items.length === 0;
    const views = items.map((item, place) => ({ ...item, chosen: place === at }));
    keyed(node, views, option);
    if (node.hidden) area.removeAttribute("aria-activedescendant");
    else area.setAttribute("aria-activedescendant", `${node.id}-${items[at].id}`);
    node.children[at]?.scrollIntoView({ block: "nearest" });
  }

  function option(item) {
    const id = `${node.id}-${item.id}`;
    const properties = { role: "option", id, "aria-selected": String(item.chosen), onclick: () => pick(item) };
    return h("li", properties, h("strong", item.title), h("span", item.description ?? ""));
  }

  function onkeydown(event) {
    if (!key(event)) return;
    event.preventDefault();
    area.focus();
  }

  /** Returns whether the list handled the key. */
  function key(event) {
    if (node.hidden) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      at = (at + step + items.length) % items.length;
      draw();
    } else if (event.key === "Enter" || event.key === "Tab") pick(items[at]);
    else if (event.key === "Escape") show([]);
    else return false;
    return true;
  }

  return { node, show, key };
}

/** The commands that begin with the text. */
export function commandsFor(text, commands) {
  if (!/^\/\w*$/.test(text)) return [];
  const begun = text.slice(1).toLowerCase();
  return (commands ?? [])
    .filter(({ command }) => command.startsWith(begun))
    .map(({ command, description }) => ({ id: command, title: `/${command}`, description, text: `/${command}` }));
}

/** The bot's results if the text begins with its name, otherwise null. */
export async function inlineResults(text, bot, person) {
  const query = text.startsWith(`@${bot} `) ? text.slice(bot.length + 2) : null;
  if (query === null) return null;
  const answer = await attempt(() => post("inline", { person, query }));
  return (answer?.results ?? []).map((result) => ({ ...result, query: answer.query }));
}

/** The side panel: tabs with stories, answers, knowledge, calls, and tools to control the simulation. */

import { answers } from "./answers.js";
import { h } from "./dom.js";
import { knowledge } from "./knowledge.js";
import { calls } from "./calls.js";
import { stories } from "./stories.js";
import { t } from "./texts.js";
import { tools } from "./tools.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Fills the panel; ``goTo`` shows a message of a chat. ``update`` updates the open tab and the badges of the others. */
export function panel(node, goTo) {
  const known = knowledge();
  const parts = [
    ["stories", stories()],
    ["answers", answers(goTo, read)],
    ["knowledge", known],
    ["calls", calls()],
    ["tools", tools()],
  ].map(tab);
  const list = h(
    "div",
    { role: "tablist", "aria-label": t("panel"), onkeydown: keydown },
    parts.map((part) => part.button),
  );
  node.append(list, ...parts.map((part) => part.page));
  open(parts[0]);

  function tab([name, content]) {
    const mark = h("span", { class: "badge" });
    const button = h(
      "button",
      { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `page-${name}`, onclick: () => open(part) },
      t(`tab.${name}`),
      mark,
    );
    const page = h(
      "div",
      { role: "tabpanel", class: "page", id: `page-${name}`, "aria-labelledby": button.id, tabindex: "0" },
      content.node,
    );
    const part = { name, button, page, content, mark };
    return part;
  }

  function open(chosen) {
    for (const part of parts) {
      const isOpen = part === chosen;
      part.button.setAttribute("aria-selected", isOpen);
      part.button.tabIndex = isOpen ? 0 : -1;
      part.page.hidden = !isOpen;
    }
  }

  function show(name) {
    open(parts.find((part) => part.name === name));
  }

  function read(entry) {
    show("knowledge");
    known.read(entry);
  }

  function keydown(event) {
    const at = parts.findIndex((part) => part.button === document.activeElement);
    const to =
      { Home: 0, End: parts.length - 1 }[event.key] ??
      (STEPS[event.key] ? (at + STEPS[event.key] + parts.length) % parts.length : null);
    if (to === null || at < 0) return;
    event.preventDefault();
    open(parts[to]);
    parts[to].button.focus();
  }

  return {
    show,
    update(state) {
      for (const { content, mark } of parts) {
        const count = content.update(state) ?? 0;
        mark.hidden = !count;
        mark.textContent = count || "";
      }
    },
  };
}

/** Turns a text with Telegram's entities into nodes. Offsets count UTF-16 code units, like JavaScript strings. */

import { h } from "./dom.js";
import { t } from "./texts.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre" };
const BLOCKS = new Set(["blockquote", "expandable_blockquote", "pre"]);
const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);

/** The nodes of a text; ``act`` handles commands and links into the chat. */
export function formatted(text, entities, act) {
  const sorted = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return piece(text, 0, text.length, sorted, act);
}

function piece(text, start, end, entities, act) {
  const nodes = [];
  let at = start;
  let rest = entities.filter((entity) => entity.length > 0);
  while (rest.length) {
    const [first] = rest;
    const stop = Math.min(first.offset + first.length, end);
    const inside = rest.slice(1).filter((entity) => entity.offset < stop);
    rest = rest.slice(1).filter((entity) => entity.offset >= stop);
    const block = BLOCKS.has(first.type);
    const before = text.slice(at, first.offset);
    nodes.push(block ? before.replace(/\n$/, "") : before);
    nodes.push(marked(first, text.slice(first.offset, stop), piece(text, first.offset, stop, inside, act), act));
    at = block && text[stop] === "\n" ? stop + 1 : stop; // a block element ends its line
  }
  nodes.push(text.slice(at, end));
  return nodes.filter((node) => node !== "");
}

function marked(entity, covered, children, act) {
  switch (entity.type) {
    case "blockquote":
      return h("blockquote", children);
    case "expandable_blockquote":
      return expandable(children);
    case "bot_command":
      return h("button", { type: "button", class: "inline", onclick: () => act.say(covered) }, children);
    case "text_link":
      return link(entity.url, children, act);
    case "url":
      return link(/^[a-z]+:/i.test(covered) ? covered : `https://${covered}`, children, act);
    case "email":
      return link(`mailto:${covered}`, children, act);
    case "phone_number":
      return link(`tel:${covered.replace(/[^+\d]/g, "")}`, children, act);
    default:
      return h(TAGS[entity.type] ?? "span", { class: `entity-${entity.type}` }, children);
  }
}

/** A link that opens in a new tab; a link to the bot is handled here. */
export function link(address, children, act, properties = {}) {
  const parameter = startParameter(address, act.botName());
  if (parameter !== null)
    return h(
      "button",
      { type: "button", class: "inline", ...properties, onclick: () => act.start(parameter) },
      children,
    );
  const shown = { href: address, title: address, target: "_blank", rel: "noopener noreferrer", ...properties };
  return safe(address) ? h("a", shown, children) : h("span", { title: address, ...properties }, children);
}

function safe(address) {
  return URL.canParse(address) && SCHEMES.has(new URL(address).protocol);
}

function startParameter(address, name) {
  if (!name || !URL.canParse(address)) return null;
  const { host, pathname, searchParams } = new URL(address);
  return host === "t.me" && pathname.toLowerCase() === `/${name.toLowerCase()}`
    ? (searchParams.get("start") ?? "")
    : null;
}

function expandable(children) {
  const body = h("div", { class: "clamped" }, children);
  const toggle = h(
    "button",
    {
      type: "button",
      class: "inline",
      "aria-expanded": "false",
      onclick: () => {
        const open = body.classList.toggle("clamped") === false;
        toggle.setAttribute("aria-expanded", open);
        toggle.textContent = t(open ? "less" : "all");
      },
    },
    t("all"),
  );
  return h("blockquote", body, toggle);
}

/** Creates nodes, and updates lists of nodes without touching unchanged ones. */

const versions = new WeakMap();
const FOCUSABLE = "a[href], button, input, select, textarea, summary";

/**
 * A node with children. If the first of them is a plain object, it holds properties: those that begin with "on" are
 * listeners, all others attributes; false and null omit an attribute.
 */
export function h(tag, ...children) {
  const node = document.createElement(tag);
  const properties = children[0]?.constructor === Object ? children.shift() : {};
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== false && child !== undefined));
  return node;
}

/** An icon from icons.svg; its meaning is given by the surrounding text or label. */
export function icon(name) {
  const [drawing, use] = ["svg", "use"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  drawing.append(use);
  return drawing;
}

/** A button with only an icon. */
export function iconButton(name, label, onclick, properties = {}) {
  return h(
    "button",
    { type: "button", class: "round", "aria-label": label, title: label, onclick, ...properties },
    icon(name),
  );
}

/** A button with a text. */
export function button(text, onclick, properties = {}) {
  return h("button", { type: "button", onclick, ...properties }, text);
}

/** A text for screen readers only. */
export const spoken = (text) => h("span", { class: "spoken" }, text);

/** Sets the text of a node only if it differs, so that screen readers do not repeat it. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Makes the children of a node match the items; unchanged ones remain, and with them focus and selection.
 * An item is identified by its key or id, or is a text itself.
 */
export function keyed(parent, items, draw) {
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const wanted = items.map((item) => {
    const key = String(item.key ?? item.id ?? item);
    return fresh(before.get(key), item, key, draw);
  });
  const stay = new Set(wanted);
  for (const node of before.values()) if (!stay.has(node)) node.remove();
  wanted.forEach((node, place) => {
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
}

function fresh(old, item, key, draw) {
  const version = JSON.stringify(item);
  if (old && versions.get(old) === version) return old;
  const node = draw(item);
  node.dataset.key = key;
  versions.set(node, version);
  if (old) replace(old, node);
  return node;
}

/** Replaces a node by another; a focus inside moves to the new one. */
function replace(old, node) {
  const place = old.contains(document.activeElement)
    ? [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement)
    : null;
  old.replaceWith(node);
  if (place === null) return;
  const inside = [...node.querySelectorAll(FOCUSABLE)];
  (inside[Math.min(Math.max(place, 0), inside.length - 1)] ?? node).focus({ preventScroll: true });
}

/** A disclosure with a menu; Escape or a click elsewhere closes it. */
export function menu(label, name, items) {
  const summary = h("summary", { class: "round", "aria-label": label, title: label }, icon(name));
  const node = h(
    "details",
    { class: "menu" },
    summary,
    h("div", { class: "menu-items", onclick: () => shut(node) }, items),
  );
  return node;
}

function shut(node) {
  const isInside = node.contains(document.activeElement);
  node.open = false;
  if (isInside) node.querySelector("summary").focus();
}

document.addEventListener("click", ({ target }) => {
  for (const open of document.querySelectorAll(".menu[open]")) if (!open.contains(target)) open.open = false;
});
document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") document.querySelectorAll(".menu[open]").forEach(shut);
});

/** Making nodes, and bringing a list of nodes up to date without touching those that stay as they are. */

const versions = new WeakMap();
const FOCUSABLE = "a[href], button, input, select, textarea, summary";

/** A node. Properties that begin with "on" are listeners, all others attributes; false and null leave one out. */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** One of the drawings in icons.svg; what it means is said by the text or label around it. */
export function icon(name) {
  const [drawing, use] = ["svg", "use"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  drawing.append(use);
  return drawing;
}

/** A button that shows an icon only. */
export function iconButton(name, label, onclick, properties = {}) {
  return h("button", { type: "button", class: "round", "aria-label": label, title: label, onclick, ...properties }, icon(name));
}

/** A text for screen readers only. */
export const spoken = (text) => h("span", { class: "spoken" }, text);

/** A text node's parent gets another text only where it differs, so that nothing is read out twice. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Make the children of a node match the items: those that did not change stay, and with them focus and selection. */
export function keyed(parent, items, key, draw) {
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const wanted = items.map((item) => fresh(before.get(String(key(item))), item, String(key(item)), draw));
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

/** Put a node in another's place; where the focus was inside, it goes to what stands there now. */
function replace(old, node) {
  const place = old.contains(document.activeElement) ? [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement) : null;
  old.replaceWith(node);
  if (place === null) return;
  const inside = [...node.querySelectorAll(FOCUSABLE)];
  (inside[Math.min(Math.max(place, 0), inside.length - 1)] ?? node).focus({ preventScroll: true });
}

/** A disclosure with a menu; Escape and a click elsewhere close it. */
export function menu(label, name, items, properties = {}) {
  const shut = () => { node.open = false; };
  const node = h(
    "details", { class: "menu", ...properties },
    h("summary", { class: "round", "aria-label": label, title: label }, icon(name)),
    h("div", { class: "menu-items" }, items.map((item) => { item.addEventListener("click", shut); return item; })),
  );
  return node;
}

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.menu[open]")) if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

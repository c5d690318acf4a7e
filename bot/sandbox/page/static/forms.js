/** Forms of the side panel: a title, labelled fields, a button. */

import { h } from "./dom.js";
import { attempt } from "./state.js";

/** A form; ``submit`` receives its values, ``done`` is called unless it was refused. */
export function form(title, fields, submit, done) {
  const node = h("form", { onsubmit }, h("fieldset", h("legend", title), fields));
  async function onsubmit(event) {
    event.preventDefault();
    if (await attempt(() => submit(Object.fromEntries(new FormData(node))))) done?.();
  }
  return node;
}

/** A control below its label. */
export function field(text, control) {
  return h("p", { class: "field" }, h("label", { for: control.id }, text), control);
}

/** A choice among pairs of value and text. */
export function choice(id, name, options) {
  const choices = options.map(([value, text]) => h("option", { value }, text));
  return h("select", { id, name }, choices);
}

/** The submit button of a form. */
export function submits(text) {
  return h("button", { class: "plain" }, text);
}

/** Keeping the whole state in a file, putting it back, beginning anew. */

import { button, h } from "./dom.js";
import { field, form } from "./forms.js";
import { attempt, notice, post } from "./state.js";

/** The form for it. */
export function kept() {
  const picker = h("input", { type: "file", id: "load", accept: ".json,application/json", onchange: load });

  async function load() {
    const [file] = picker.files;
    const done = file && (await attempt(async () => post("load", parsed(await file.text()))));
    if (done) notice("Der gesicherte Stand ist wieder da.");
    picker.value = "";
  }

  return form("Stand", [
    h("p", h("a", { class: "plain", href: "/api/save", download: "probebuehne.json" }, "In eine Datei sichern")),
    field("Gesicherten Stand laden", picker),
    h("p", "Von vorn beginnen leert alle Chats; der Bot kennt danach niemanden mehr."),
    button("Von vorn beginnen", reset, { class: "plain quiet" }),
  ]);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("Das ist keine Datei, die hier gesichert wurde.");
  }
}

async function reset() {
  if (await attempt(() => post("reset", {}))) notice("Alles steht wieder am Anfang.");
}

/** Saving the whole state to a file, restoring it, and resetting. */

import { button, h } from "./dom.js";
import { form } from "./forms.js";
import { attempt, notice, post } from "./state.js";

/** The form for this. */
export function kept() {
  const accept = ".json,application/json";
  const picker = h("input", { type: "file", accept, hidden: true, "aria-hidden": "true", onchange: load });

  async function load() {
    const [file] = picker.files;
    const done = file && (await attempt(async () => post("load", parsed(await file.text()))));
    if (done) notice("Der gesicherte Stand ist wieder da.");
    picker.value = "";
  }

  return form("Stand", [
    h(
      "p",
      { class: "buttons" },
      h("a", { class: "plain", href: "/api/save", download: "probebuehne.json" }, "Sichern"),
      button("Laden …", () => picker.click(), { class: "plain quiet" }),
      picker,
    ),
    h("p", "Sichern legt alle Chats und das Gedächtnis des Bots in eine Datei. Von vorn beginnen leert alles."),
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

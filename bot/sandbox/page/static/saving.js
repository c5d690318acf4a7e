/** Saving the whole state to a file, restoring it, and resetting. */

import { button, h } from "./dom.js";
import { form } from "./forms.js";
import { attempt, notice, post } from "./state.js";
import { t } from "./texts.js";

/** The form for this. */
export function kept() {
  const accept = ".json,application/json";
  const picker = h("input", { type: "file", accept, hidden: true, "aria-hidden": "true", onchange: load });

  async function load() {
    const [file] = picker.files;
    const done = file && (await attempt(async () => post("load", parsed(await file.text()))));
    if (done) notice(t("kept.loaded"));
    picker.value = "";
  }

  return form(t("kept.title"), [
    h(
      "p",
      { class: "buttons" },
      h("a", { class: "plain", href: "/api/save", download: "probebuehne.json" }, t("kept.save")),
      button(t("kept.load"), () => picker.click(), { class: "plain quiet" }),
      picker,
    ),
    h("p", t("kept.about")),
    button(t("kept.reset"), reset, { class: "plain quiet" }),
  ]);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(t("kept.foreign"));
  }
}

async function reset() {
  if (await attempt(() => post("reset", {}))) notice(t("kept.empty"));
}

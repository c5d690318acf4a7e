/** Saving the whole state to a file, restoring it, and resetting. */

import { button, h, setText } from "./dom.js";
import { form } from "./forms.js";
import { attempt, notice, post } from "./state.js";
import { t } from "./texts.js";
import { undo } from "./undo.js";
import { clock } from "./words.js";

/** The form for this; ``update`` offers to undo while something can be undone. */
export function kept() {
  const accept = ".json,application/json";
  const picker = h("input", { type: "file", accept, hidden: true, "aria-hidden": "true", onchange: load });

  async function load() {
    const [file] = picker.files;
    const done = file && (await attempt(async () => post("load", parsed(await file.text()))));
    if (done) notice(t("kept.loaded"));
    picker.value = "";
  }

  const back = button("", undo, { class: "plain quiet" });
  const node = form(t("kept.title"), [
    h(
      "p",
      { class: "buttons" },
      h("a", { class: "plain", href: "/api/save", download: "probebuehne.json" }, t("kept.save")),
      button(t("kept.load"), () => picker.click(), { class: "plain quiet" }),
      picker,
    ),
    h("p", t("kept.about")),
    h("p", { class: "buttons" }, button(t("kept.reset"), reset, { class: "plain quiet" }), back),
  ]);

  function update(state) {
    back.hidden = state.undo === null;
    if (state.undo) setText(back, t("kept.back", { time: clock(state.undo) }));
  }

  return { node, update };
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

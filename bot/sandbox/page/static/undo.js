/** Offers, for a minute, to return to what a story, a reset or a saved state has replaced. */

import { button, h, icon, iconButton } from "./dom.js";
import { attempt, notice, post } from "./state.js";
import { t } from "./texts.js";

const OFFERED = 60; // seconds

/** Returns to the state before. */
export async function undo() {
  if (await attempt(() => post("undo", {}))) notice(t("undo.done"));
}

/** Fills the bar with the offer; the minute begins once a story has ended. */
export function undoBar(node) {
  let replaced = null; // when what can be returned to was replaced
  let dismissed = null;
  let timer = null;
  let since = 0; // when the offer began
  let isPlaying = false;
  node.append(
    h("p", { role: "status" }, t("undo.offer")),
    h(
      "span",
      { class: "controls" },
      button([icon("undo"), t("undo")], undo),
      iconButton("close", t("close"), () => {
        dismissed = replaced;
        show();
      }),
    ),
  );

  function show() {
    const age = Date.now() / 1000 - since;
    node.hidden = isPlaying || replaced === null || replaced === dismissed || age > OFFERED;
    clearTimeout(timer);
    if (!node.hidden) timer = setTimeout(show, (OFFERED - age) * 1000 + 500);
  }

  return {
    update(state) {
      const hasEnded = isPlaying && !state.story;
      isPlaying = Boolean(state.story);
      if (state.undo !== replaced || hasEnded) since = hasEnded ? Date.now() / 1000 : state.undo;
      replaced = state.undo;
      show();
    },
  };
}

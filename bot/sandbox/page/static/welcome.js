/** One line that says what this page is, until it is dismissed; the question mark brings it back. */

import { button, h, icon, iconButton } from "./dom.js";
import { attempt, post } from "./state.js";
import { t } from "./texts.js";

const GUIDED = "minute"; // the id of the story

/** Fills the line and connects its switch; ``tryAlone`` is called if somebody wants to try without a guide. */
export function welcome(node, helpSwitch, tryAlone) {
  node.append(
    h("p", t("welcome")),
    h(
      "span",
      { class: "controls" },
      button([icon("play"), t("welcome.guided")], guide, { class: "plain" }),
      button(t("welcome.alone"), alone, { class: "plain quiet" }),
      iconButton("close", t("close"), () => show(false)),
    ),
  );
  helpSwitch.append(icon("help"));
  helpSwitch.addEventListener("click", () => show(node.hidden));
  show(localStorage.getItem("welcome") !== "read");

  function show(isShown) {
    node.hidden = !isShown;
    helpSwitch.setAttribute("aria-expanded", isShown);
    if (!isShown) localStorage.setItem("welcome", "read");
  }

  function guide() {
    attempt(() => post("story", { id: GUIDED }));
  }

  /** A story needs the room. */
  function update({ story }) {
    if (story && !node.hidden) show(false);
  }

  function alone() {
    show(false);
    tryAlone();
  }

  return { update };
}

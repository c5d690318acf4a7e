/** One line that says what this page is, until it is dismissed; the question mark brings it back. */

import { button, h, icon, iconButton } from "./dom.js";
import { narrow } from "./frame.js";
import { attempt, post } from "./state.js";
import { t } from "./texts.js";

const GUIDED = "minute"; // the id of the story

/** Fills the line and connects its switch; ``tryAlone`` is called if somebody wants to try without a guide. */
export function welcome(node, helpSwitch, tryAlone) {
  node.append(
    h("p", h("strong", t("welcome.what")), " ", t("welcome")),
    h(
      "span",
      { class: "controls" },
      button([icon("play"), t("welcome.guided")], guide, { class: "plain" }),
      button(t("welcome.alone"), alone, { class: "plain quiet" }),
      iconButton("close", t("close"), () => show(false)),
    ),
  );
  let wasUsed = false; // whether anybody had written in the last state
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

  /** A story needs the room, and so does a chat on a narrow page. */
  function update({ story, chats }) {
    const isUsed = chats.some(({ person, messages }) => person && messages.length > 0);
    if (!node.hidden && (story || (narrow.matches && isUsed && !wasUsed))) show(false);
    wasUsed = isUsed;
  }

  function alone() {
    show(false);
    tryAlone();
  }

  return { update };
}

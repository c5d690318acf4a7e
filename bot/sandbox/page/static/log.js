/** The messages of a chat: what one does oneself is scrolled to, what arrives below is counted. */

import { h, icon, keyed, setText } from "./dom.js";
import { t } from "./texts.js";

const NEAR = 60; // pixels from the end that count as the end

/** The area; ``draw`` draws a view of a message, ``over`` are nodes shown above the messages. */
export function log(titleId, draw, over) {
  const list = h("div", { class: "messages" });
  const hint = h("div", { class: "hint", hidden: true });
  const scroller = h("div", { class: "log", role: "log", tabindex: "0", "aria-labelledby": titleId }, list, hint);
  const count = h("span", { class: "badge", "aria-hidden": "true" });
  const jump = h("button", { type: "button", class: "jump", hidden: true, onclick: toEnd }, icon("down"), count);
  const node = h("div", { class: "view" }, scroller, jump, over);
  let shown = []; // the messages
  let place = null; // the topic they belong to
  let seen = 0; // the newest message that was in view
  let isAwaiting = false; // something was done whose effect will be a new message

  scroller.addEventListener("scroll", mark);
  for (const name of ["wheel", "touchmove", "keydown"]) scroller.addEventListener(name, () => (isAwaiting = false));

  function update(views, nextPlace) {
    const newest = shown.at(-1)?.message.id ?? 0;
    const wasEmpty = shown.every((view) => view.message.service);
    shown = views.filter((view) => view.message);
    keyed(list, views, draw);
    const isNew = (shown.at(-1)?.message.id ?? 0) > newest;
    const isGreeting = nextPlace === null && isNew && wasEmpty && shown.every((view) => view.message.own_bot || view.message.service);
    if (place !== nextPlace || (isAwaiting && isNew)) {
      isAwaiting = false;
      scroller.scrollTop = 0; // the end, because the order is reversed
    }
    if (isGreeting) scroller.scrollTop = -scroller.scrollHeight; // a long text is read from its beginning
    place = nextPlace;
    hint.hidden = shown.some((view) => !view.message.service);
    mark();
  }

  function mark() {
    const isAtEnd = Math.abs(scroller.scrollTop) < NEAR;
    if (isAtEnd) seen = shown.at(-1)?.message.id ?? 0;
    const unseen = shown.filter((view) => view.message.id > seen && !view.own).length;
    const label = unseen ? t("jump.new", { n: unseen }) : t("jump");
    jump.hidden = isAtEnd;
    jump.title = label;
    jump.setAttribute("aria-label", label);
    count.hidden = !unseen;
    setText(count, String(unseen));
  }

  function toEnd() {
    scroller.scrollTop = 0; // at once, because a message that arrives would stop a smooth movement
    scroller.focus({ preventScroll: true });
  }

  return { node, list, update, hint, expect: () => (isAwaiting = true) };
}

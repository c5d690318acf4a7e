/** The list of stories, and the bar with the caption of the one playing. */

import { h, icon, keyed, setText } from "./dom.js";
import { attempt, get, notice, post } from "./state.js";
import { t } from "./texts.js";

const PACES = [
  ["", "reading"],
  ["1", "brisk"],
  ["0", "none"],
];

/** The list of stories with a choice of pace. */
export function stories() {
  const pace = h(
    "select",
    { id: "pace" },
    PACES.map(([value, name]) => h("option", { value }, t(`pace.${name}`))),
  );
  const list = h("ul", { class: "stories" });
  const node = h(
    "div",
    h("h2", t("stories.title")),
    h("p", t("stories.about")),
    h("p", { class: "field" }, h("label", { for: "pace" }, t("pace")), pace),
    list,
  );
  attempt(() => get("/api/stories")).then((all) => keyed(list, all ?? [], draw));

  function draw(story) {
    const play = h(
      "button",
      { type: "button", class: "play", onclick: () => start(story) },
      icon("play"),
      h("span", h("strong", story.title), h("span", story.about)),
    );
    return h("li", play);
  }

  function start({ id }) {
    return attempt(() => post("story", pace.value ? { id, pause: Number(pace.value) } : { id }));
  }

  return { node, update() {} };
}

/** The bar of the story that is playing: its progress, and how to control it. */
export function storyBar(node) {
  let story = null; // in the last state
  const caption = h("p", { role: "status" });
  const progress = h("progress", { "aria-label": t("story.progress") });
  const step = h("small", {});
  const control = (name, body) =>
    h("button", { type: "button", onclick: () => attempt(() => post("story", body())) }, icon(name), h("span"));
  const [halt, next, stop] = [
    control("pause", () => ({ halt: !story.halted })),
    control("next", () => ({ next: true })),
    control("stop", () => ({ stop: true })),
  ];
  setText(next.lastChild, t("story.next"));
  setText(stop.lastChild, t("story.stop"));
  node.append(caption, step, progress, h("span", { class: "controls" }, halt, next, stop));

  return {
    update({ story: now }) {
      if (story && !now) notice(t("story.ended"));
      story = now;
      node.hidden = !story;
      setText(caption, story?.stuck ? t("story.stuck") : (story?.caption ?? ""));
      if (!story) return;
      node.classList.toggle("homeless", !story.chat); // no phone shows the caption
      halt.hidden = next.hidden = story.stuck;
      progress.max = story.of;
      progress.value = story.step;
      setText(step, t("story.step", story));
      setText(halt.lastChild, t(story.halted ? "story.resume" : "story.halt"));
      halt.firstChild.firstChild.setAttribute("href", `/static/icons.svg#${story.halted ? "play" : "pause"}`);
    },
  };
}

/** The speech bubble of a story in a phone; it also marks the button in ``list`` that is about to be tapped. */
export function bubble(chat, list) {
  const text = h("p", {});
  const node = h("div", { class: "bubble-of-story", "aria-hidden": "true", hidden: true }, text); // spoken by the bar

  function update(story) {
    const isHere = story?.chat === chat;
    node.hidden = !isHere;
    node.classList.toggle("writes", Boolean(isHere && story.say));
    setText(text, isHere ? story.caption : "");
    const keys = isHere && story.tap ? [...list.querySelectorAll(".key")] : [];
    const next = keys.findLast((key) => key.textContent.startsWith(story.tap));
    for (const key of list.querySelectorAll(".key.next")) if (key !== next) key.classList.remove("next");
    if (!next || next.classList.contains("next")) return;
    next.classList.add("next");
    next.scrollIntoView({ block: "nearest" });
  }

  return { node, update };
}

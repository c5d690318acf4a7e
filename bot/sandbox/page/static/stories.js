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

/** The captions of the story that is playing. */
export function storyBar(node) {
  const caption = h("p", { role: "status" });
  const progress = h("progress", { "aria-label": t("story.progress") });
  const step = h("small", {});
  const stop = h(
    "button",
    { type: "button", onclick: () => attempt(() => post("story", { stop: true })) },
    icon("stop"),
    t("story.stop"),
  );
  node.append(caption, progress, step, stop);

  let before = null;

  return {
    update({ story }) {
      if (before && !story) notice(t("story.ended"));
      before = story;
      node.hidden = !story;
      setText(caption, story?.caption ?? "");
      if (!story) return;
      progress.max = story.of;
      progress.value = story.step;
      setText(step, t("story.step", story));
    },
  };
}

/** For editors: what the bot knows, what it has just reread, and which lines it could not read. */

import { h, keyed, setText } from "./dom.js";
import { notice } from "./state.js";
import { t } from "./texts.js";
import { clock, day, number } from "./words.js";

/** The state of the knowledge; the badge on its tab counts the problems. */
export function knowledge() {
  const about = h("p", { id: "knowledge-about" });
  const news = h("p", { class: "news" });
  const none = h("p", { class: "fine" }, t("knowledge.fine"));
  const list = h("ul", { class: "problems" });
  const node = h(
    "div",
    h("h2", t("knowledge.title")),
    h(
      "p",
      t("knowledge.before"),
      h("code", "knowledge/content"),
      t("knowledge.after"),
    ),
    about,
    news,
    h("h3", t("knowledge.errors")),
    none,
    list,
  );
  let before = null;

  return {
    node,
    update({ knowledge: now }) {
      if (!now) return 0;
      const { entries, built, problems = [] } = now;
      setText(
        about,
        t(built ? "knowledge.read" : "knowledge.entries", {
          n: number(entries),
          day: built && day(built),
          time: built && clock(built),
        }),
      );
      setText(news, now.news ? t("knowledge.news", { files: now.news }) : "");
      none.hidden = problems.length > 0;
      keyed(list, problems, draw);
      if (before) tell(before, now);
      before = now;
      return problems.length;
    },
  };
}

function tell(before, now) {
  const broken = (now.problems ?? []).filter((problem) => !(before.problems ?? []).includes(problem));
  if (broken.length) notice(t("knowledge.broken", { problem: broken[0] }));
  else if (now.news && (now.news !== before.news || now.built !== before.built))
    notice(t("knowledge.again", { files: now.news }));
}

function draw(problem) {
  const [, place, what] = problem.match(/^(\S+?:\d+):?\s*(.*)$/s) ?? [null, "", problem];
  return h("li", place ? h("code", place) : null, what);
}

/** For editors: what the bot knows, what it has just reread, and which lines it could not read. */

import { h, keyed, setText } from "./dom.js";
import { entries as entryList } from "./entries.js";
import { notice } from "./state.js";
import { LANG, t } from "./texts.js";
import { clock, day, number } from "./words.js";

/** The state of the knowledge; the badge on its tab counts errors and hints. */
export function knowledge() {
  const about = h("p", { id: "knowledge-about" });
  const news = h("p", { class: "news" });
  const none = h("p", { class: "fine" }, t("knowledge.fine"));
  const list = h("ul", { class: "problems" });
  const search = entryList();
  const node = h(
    "div",
    h("h2", t("knowledge.title")),
    h("p", t("knowledge.before"), h("code", "knowledge/content"), t("knowledge.after")),
    about,
    news,
    h("h3", t("knowledge.errors")),
    none,
    list,
    search.node,
  );
  let before = null;

  return {
    node,
    read: search.open,
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
      setText(news, newsText(now));
      news.classList.toggle("rejected", Boolean(now.rejected));
      none.hidden = problems.length > 0;
      keyed(list, problems.map(keyedProblem), draw);
      if (before) tell(before, now);
      if (built !== before?.built) search.refresh();
      before = now;
      return problems.length;
    },
  };
}

function newsText({ news, rejected, built }) {
  const key = built ? "knowledge.rejected.since" : "knowledge.rejected";
  if (rejected) return t(key, { files: rejected, time: built && clock(built) });
  return news ? t("knowledge.news", { files: news }) : "";
}

function tell(before, now) {
  const isNew = ["news", "rejected", "built"].some((name) => now[name] !== before[name]);
  if (!isNew) return;
  if (now.rejected) notice(t("knowledge.broken", { files: now.rejected }));
  else if (now.news) notice(t("knowledge.again", { files: now.news }));
}

const keyedProblem = (problem) => ({ ...problem, key: `${problem.place} ${problem.en}` });

function draw({ hint, place, example, ...texts }) {
  return h(
    "li",
    { class: hint ? "hint" : "error" },
    h("strong", t(hint ? "knowledge.hint" : "knowledge.error")),
    " ",
    h("code", place),
    h("span", texts[LANG]),
    example ? h("span", t("knowledge.example"), h("code", example)) : null,
  );
}

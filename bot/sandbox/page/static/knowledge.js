/** For editors: what the bot knows, what it has just reread, and which lines it could not read. */

import { h, keyed, setText } from "./dom.js";
import { notice } from "./state.js";
import { clock, day, number } from "./words.js";

/** The state of the knowledge; the badge on its tab counts the problems. */
export function knowledge() {
  const about = h("p", { id: "knowledge-about" });
  const news = h("p", { class: "news" });
  const none = h("p", { class: "fine" }, "Alle Dateien sind in Ordnung.");
  const list = h("ul", { class: "problems" });
  const node = h(
    "div",
    h("h2", "Wissen"),
    h(
      "p",
      "Ändern Sie eine Datei im Ordner ",
      h("code", "knowledge/content"),
      ": Der Bot liest sie sofort neu, und Sie können die Antwort gleich ausprobieren.",
    ),
    about,
    news,
    h("h3", "Fehler in den Dateien"),
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
        `${number(entries)} Einträge${built ? `, gelesen am ${day(built)} um ${clock(built)} Uhr` : ""}.`,
      );
      setText(news, now.news ? `Neu gelesen: ${now.news}` : "");
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
  if (broken.length) notice(`Fehler im Wissen: ${broken[0]}`);
  else if (now.news && (now.news !== before.news || now.built !== before.built))
    notice(`Wissen neu gelesen: ${now.news}`);
}

function draw(problem) {
  const [, place, what] = problem.match(/^(\S+?:\d+):?\s*(.*)$/s) ?? [null, "", problem];
  return h("li", place ? h("code", place) : null, what);
}

/** The log of the calls between the bot and the fake Telegram, newest first. */

import { h, keyed } from "./dom.js";
import { number, toTheSecond } from "./words.js";

const COLUMNS = ["Zeit", "Aufruf", "Antwort"];

/** A table of calls. */
export function calls() {
  const empty = h("p", "Noch keine Aufrufe.");
  const body = h("tbody");
  const columns = COLUMNS.map((text) => h("th", { scope: "col" }, text));
  const caption = h("caption", { class: "spoken" }, "Aufrufe der Bot-Schnittstelle, die neuesten zuerst");
  const table = h("table", { class: "calls" }, caption, h("thead", h("tr", columns)), body);
  const about = h("p", "Was der Bot bei Telegram aufrufen würde. Hier antwortet ein Nachbau.");

  return {
    node: h("div", h("h2", "Protokoll"), about, empty, table),
    update({ log }) {
      empty.hidden = log.length > 0;
      table.hidden = log.length === 0;
      const rows = log.map((call) => ({ ...call, key: `${call.at} ${call.method} ${call.ms}` }));
      keyed(body, rows.reverse(), draw);
    },
  };
}

function draw({ at, method, status, ms, summary }) {
  return h(
    "tr",
    { class: status === 200 ? null : "failed" },
    h("td", h("time", toTheSecond(at))),
    h("td", h("code", method), h("span", summary)),
    h("td", h("strong", status || "keine"), h("small", `${number(ms)} ms`)),
  );
}

/** The log of the calls between the bot and the stand-in, newest first. */

import { h, keyed } from "./dom.js";
import { number, toTheSecond } from "./words.js";

const SHOWN = 200;

/** A table of calls. */
export function calls() {
  const empty = h("p", {}, "Noch keine Aufrufe.");
  const body = h("tbody");
  const head = h("thead", {}, h("tr", {}, ["Zeit", "Aufruf", "Antwort"].map((text) => h("th", { scope: "col" }, text))));
  const table = h("table", { class: "calls" }, h("caption", { class: "spoken" }, "Aufrufe der Bot-Schnittstelle, die neuesten zuerst"), head, body);
  const node = h("div", {}, h("h2", {}, "Protokoll"), h("p", {}, "Was der Bot bei Telegram aufgerufen hätte; hier beantwortet es ein Nachbau."), empty, table);

  return {
    node,
    update({ log }) {
      empty.hidden = log.length > 0;
      table.hidden = log.length === 0;
      const rows = log.map((call, place) => ({ ...call, place: `${call.at} ${place}` }));
      keyed(body, rows.slice(-SHOWN).reverse(), (row) => row.place, draw);
    },
  };
}

function draw({ at, method, status, ms, summary }) {
  const failed = status !== 200;
  return h(
    "tr", { class: failed ? "failed" : null },
    h("td", {}, h("time", {}, toTheSecond(at))),
    h("td", {}, h("code", {}, method), h("span", {}, summary ?? "")),
    h("td", {}, h("strong", {}, status || "keine"), h("small", {}, ms === null || ms === undefined ? "" : `${number(ms)} ms`)),
  );
}

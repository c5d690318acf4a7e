/** The log of the calls between the bot and the fake Telegram, newest first. */

import { h, keyed } from "./dom.js";
import { t } from "./texts.js";
import { number, toTheSecond } from "./words.js";

const COLUMNS = ["time", "call", "answer"];

/** A table of calls. */
export function calls() {
  const empty = h("p", t("calls.empty"));
  const body = h("tbody");
  const columns = COLUMNS.map((name) => h("th", { scope: "col" }, t(`calls.${name}`)));
  const caption = h("caption", { class: "spoken" }, t("calls.caption"));
  const table = h("table", { class: "calls" }, caption, h("thead", h("tr", columns)), body);
  const about = h("p", t("calls.about"));

  return {
    node: h("div", h("h2", t("calls.title")), about, empty, table),
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
    h("td", h("code", method), h("span", status ? summary : t("calls.unanswered"))),
    h("td", h("strong", status || t("calls.none")), h("small", `${number(ms)} ms`)),
  );
}

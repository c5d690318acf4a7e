/** Tools to control the simulation: people, deep links, faults, clock. */

import { button, h, keyed, setText } from "./dom.js";
import { choice, field, form, submits } from "./forms.js";
import { kept } from "./saving.js";
import { attempt, notice, post } from "./state.js";
import { duration, LANGUAGES } from "./words.js";

const FAULTS = {
  rate_limit: "Zu viele Anfragen (429)",
  server_error: "Fehler beim Server (500)",
  timeout: "Keine Antwort",
  lost: "Ausgeführt, Antwort geht verloren",
};
const METHODS = ["sendMessage", "editMessageText", "answerCallbackQuery", "createForumTopic", "getUpdates"];
const LEAPS = { 1: "1 Stunde", 24: "1 Tag", 72: "3 Tage", 336: "14 Tage" };
const TARGETS = ["intro", "beratung", "frage-backbone"];

/** The forms of the "Regie" tab. */
export function tools() {
  const clock = h("p", { class: "now" });
  const who = h("select", { id: "link-person", name: "person" });
  const node = h("div", { class: "tools" }, time(clock), person(), deepLink(who), faults(), kept());

  return {
    node,
    update({ bot, people }) {
      const ahead = bot.clock
        ? `Die Uhr des Bots geht ${duration(bot.clock)} vor.`
        : "Die Uhr des Bots geht richtig.";
      setText(clock, ahead);
      keyed(who, people, (one) => h("option", { value: one.id }, one.name));
    },
  };
}

function time(clock) {
  const leaps = Object.entries(LEAPS).map(([hours, text]) =>
    button(`+ ${text}`, () => attempt(() => post("clock", { hours: Number(hours) })), { class: "plain quiet" }),
  );
  return form("Zeit vergehen lassen", [clock, h("p", { class: "buttons" }, leaps)]);
}

function person() {
  const name = h("input", { id: "person-name", name: "name", required: true, autocomplete: "off", maxlength: "60" });
  const adviser = h("input", { type: "checkbox", id: "person-adviser", name: "adviser" });
  const fields = [
    field("Name", name),
    field("Sprache bei Telegram", choice("person-lang", "lang", Object.entries(LANGUAGES))),
    h("p", { class: "check" }, adviser, h("label", { for: adviser.id }, "gehört zur Beratung")),
    submits("Dazuholen"),
  ];
  const add = (values) => post("person", { ...values, adviser: adviser.checked });
  return form("Noch eine Person", fields, add, () => {
    notice(`${name.value} ist jetzt dabei.`);
    name.value = "";
  });
}

function deepLink(who) {
  const options = TARGETS.map((value) => h("option", { value }));
  const known = h("datalist", { id: "link-known" }, options);
  const target = { id: "link-target", name: "parameter", list: known.id, placeholder: "intro", autocomplete: "off" };
  const fields = [field("Wer", who), field("Ziel des Links", h("input", target)), known, submits("Öffnen")];
  return form("Einen Link zum Bot öffnen", fields, (values) =>
    post("start", { ...values, person: Number(who.value) }),
  );
}

function faults() {
  const methods = [["", "jedem Aufruf"], ...METHODS.map((method) => [method, method])];
  const times = h("input", { id: "fault-times", name: "times", type: "number", min: "1", max: "20", value: "1" });
  const fields = [
    field("Was schiefgeht", choice("fault-kind", "kind", Object.entries(FAULTS))),
    field("Bei", choice("fault-method", "method", methods)),
    field("Wie oft", times),
    h("p", { class: "buttons" }, submits("Einschalten"), button("Störungen beenden", end, { class: "plain quiet" })),
  ];
  const begin = (values) => post("fault", { ...values, times: Number(times.value) });
  return form("Störungen", fields, begin, () => notice("Die Störung kommt bei den nächsten Aufrufen."));
}

async function end() {
  if (await attempt(() => post("fault", { kind: "none" }))) notice("Jetzt stört nichts mehr.");
}

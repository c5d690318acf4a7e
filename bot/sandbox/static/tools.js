/** What a director does: more people, deep links, faults, the clock, saving and loading. */

import { h, keyed, setText } from "./dom.js";
import { attempt, notice, post } from "./state.js";
import { duration, LANGUAGES } from "./words.js";

const FAULTS = {
  rate_limit: "Zu viele Anfragen (429)", server_error: "Fehler beim Server (500)", timeout: "Keine Antwort", lost: "Ausgeführt, Antwort geht verloren",
};
const METHODS = ["sendMessage", "editMessageText", "answerCallbackQuery", "createForumTopic", "getUpdates"];
const LEAPS = [[1, "1 Stunde"], [24, "1 Tag"], [72, "3 Tage"], [336, "14 Tage"]];

/** The forms of the "Regie" tab. */
export function tools() {
  const clock = h("p", { class: "now" });
  const who = h("select", { id: "link-person", name: "person" });
  const node = h("div", { class: "tools" }, person(), deepLink(who), faults(), time(clock), kept());

  return {
    node,
    update({ bot, people }) {
      setText(clock, bot.clock ? `Die Uhr des Bots geht ${duration(bot.clock)} vor.` : "Die Uhr des Bots geht richtig.");
      keyed(who, people, (one) => one.id, (one) => h("option", { value: one.id }, one.name));
    },
  };
}

function form(title, fields, submit, done) {
  const node = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    if (await attempt(() => submit(Object.fromEntries(new FormData(node))))) done?.();
  } }, h("fieldset", {}, h("legend", {}, title), fields));
  return node;
}

function field(text, control) {
  return h("p", { class: "field" }, h("label", { for: control.id }, text), control);
}

function choice(id, name, options) {
  return h("select", { id, name }, options.map(([value, text]) => h("option", { value }, text)));
}

const submitButton = (text) => h("button", { class: "plain" }, text);

function person() {
  const name = h("input", { id: "person-name", name: "name", required: true, autocomplete: "off", maxlength: "60" });
  const adviser = h("p", { class: "check" }, h("input", { type: "checkbox", id: "person-adviser", name: "adviser" }), h("label", { for: "person-adviser" }, "gehört zur Beratung"));
  const fields = [field("Name", name), field("Sprache bei Telegram", choice("person-lang", "lang", Object.entries(LANGUAGES))), adviser, submitButton("Dazuholen")];
  return form("Noch eine Person", fields, (values) => post("person", { name: values.name, lang: values.lang, adviser: Boolean(values.adviser) }), () => { name.value = ""; });
}

function deepLink(who) {
  const parameter = h("input", { id: "link-parameter", name: "parameter", list: "link-known", placeholder: "intro", autocomplete: "off" });
  const known = h("datalist", { id: "link-known" }, ["intro", "beratung", "frage-backbone"].map((value) => h("option", { value })));
  return form("Einen Link zum Bot öffnen", [field("Wer", who), field("Ziel des Links", parameter), known, submitButton("Öffnen")],
    (values) => post("start", { person: Number(values.person), parameter: values.parameter }));
}

function faults() {
  const methods = [["", "allem"], ...METHODS.map((method) => [method, method])];
  const times = h("input", { id: "fault-times", name: "times", type: "number", min: "1", max: "20", value: "1" });
  const off = h("button", { type: "button", class: "plain quiet", onclick: () => attempt(() => post("fault", { kind: "none" })).then((done) => done && notice("Keine Störung mehr.")) }, "Störungen beenden");
  const fields = [field("Störung", choice("fault-kind", "kind", Object.entries(FAULTS))), field("Bei", choice("fault-method", "method", methods)), field("Wie oft", times),
    h("p", { class: "buttons" }, submitButton("Einschalten"), off)];
  return form("Störungen", fields, ({ kind, method, times: count }) => post("fault", { kind, ...(method ? { method } : {}), times: Number(count) }),
    () => notice("Die Störung kommt bei den nächsten Aufrufen."));
}

function time(clock) {
  const leap = ([hours, text]) => h("button", { type: "button", class: "plain quiet", onclick: () => attempt(() => post("clock", { hours })) }, `+ ${text}`);
  return h("form", {}, h("fieldset", {}, h("legend", {}, "Zeit vergehen lassen"), clock, h("p", { class: "buttons" }, LEAPS.map(leap))));
}

function kept() {
  const picker = h("input", { type: "file", id: "load", accept: ".json,application/json", onchange: load });
  async function load() {
    const [file] = picker.files;
    if (file && await attempt(async () => post("load", JSON.parse(await file.text())))) notice("Der gesicherte Stand ist wieder da.");
    picker.value = "";
  }
  return h("form", {}, h("fieldset", {}, h("legend", {}, "Stand"), h("p", {}, h("a", { class: "plain", href: "/api/save", download: "probebuehne.json" }, "Sichern")), field("Gesicherten Stand laden", picker)));
}

/** Tools to control the simulation: people, deep links, faults, clock. */

import { button, h, keyed, setText } from "./dom.js";
import { choice, field, form, submits } from "./forms.js";
import { kept } from "./saving.js";
import { attempt, notice, post } from "./state.js";
import { t } from "./texts.js";
import { duration, languageName, LANGUAGES } from "./words.js";

const FAULTS = ["rate_limit", "server_error", "timeout", "lost"];
const METHODS = ["sendMessage", "editMessageText", "answerCallbackQuery", "createForumTopic", "getUpdates"];
const LEAPS = [1, 24, 72, 336]; // hours
const TARGETS = ["intro", "beratung", "frage-backbone"];

/** The forms of the "Regie" tab. */
export function tools() {
  const clock = h("p", { class: "now" });
  const who = h("select", { id: "link-person", name: "person" });
  const state = kept();
  const node = h("div", { class: "tools" }, time(clock), person(), deepLink(who), faults(), state.node);

  return {
    node,
    update(now) {
      const { bot, people } = now;
      state.update(now);
      const ahead = bot.clock
        ? t("clock.ahead", { duration: duration(bot.clock) })
        : t("clock.right");
      setText(clock, ahead);
      keyed(who, people, (one) => h("option", { value: one.id }, one.name));
    },
  };
}

function time(clock) {
  const leaps = LEAPS.map((hours) =>
    button(`+ ${duration(hours)}`, () => attempt(() => post("clock", { hours })), { class: "plain quiet" }),
  );
  return form(t("clock.title"), [clock, h("p", { class: "buttons" }, leaps)]);
}

function person() {
  const name = h("input", { id: "person-name", name: "name", required: true, autocomplete: "off", maxlength: "60" });
  const adviser = h("input", { type: "checkbox", id: "person-adviser", name: "adviser" });
  const fields = [
    field(t("person.name"), name),
    field(t("person.lang"), choice("person-lang", "lang", LANGUAGES.map((code) => [code, languageName(code)]))),
    h("p", { class: "check" }, adviser, h("label", { for: adviser.id }, t("person.adviser"))),
    submits(t("person.add")),
  ];
  const add = (values) => post("person", { ...values, adviser: adviser.checked });
  return form(t("person.title"), fields, add, () => {
    notice(t("person.added", { name: name.value }));
    name.value = "";
  });
}

function deepLink(who) {
  const options = TARGETS.map((value) => h("option", { value }));
  const known = h("datalist", { id: "link-known" }, options);
  const target = { id: "link-target", name: "parameter", list: known.id, placeholder: "intro", autocomplete: "off" };
  const fields = [field(t("link.who"), who), field(t("link.target"), h("input", target)), known, submits(t("link.open"))];
  return form(t("link.title"), fields, (values) =>
    post("start", { ...values, person: Number(who.value) }),
  );
}

function faults() {
  const methods = [["", t("fault.any")], ...METHODS.map((method) => [method, method])];
  const times = h("input", { id: "fault-times", name: "times", type: "number", min: "1", max: "20", value: "1" });
  const fields = [
    field(t("fault.what"), choice("fault-kind", "kind", FAULTS.map((kind) => [kind, t(`fault.${kind}`)]))),
    field(t("fault.method"), choice("fault-method", "method", methods)),
    field(t("fault.times"), times),
    h("p", { class: "buttons" }, submits(t("fault.begin")), button(t("fault.end"), end, { class: "plain quiet" })),
  ];
  const begin = (values) => post("fault", { ...values, times: Number(times.value) });
  return form(t("fault.title"), fields, begin, () => notice(t("fault.begun")));
}

async function end() {
  if (await attempt(() => post("fault", { kind: "none" }))) notice(t("fault.ended"));
}

/** A phone: a chat with its head, messages and composer. It is created once and then updated. */

import { composer } from "./composer.js";
import { button, h, icon, keyed, setText } from "./dom.js";
import { head } from "./head.js";
import { drawn, excerpt, views } from "./message.js";
import { attempt, post } from "./state.js";
import { t } from "./texts.js";
import { topics } from "./topics.js";
import { lang } from "./words.js";

/** The phone of a chat: its node, and ``update`` for every new state. */
export function phone(id) {
  let chat, state, people, old;
  const titleId = `title-${id}`;
  const me = () => chat.person ?? Number(author.value);
  const act = {
    lang: null,
    anchor: (message) => `m${id}-${message}`,
    botName: () => state.bot.username,
    say: (text) => attempt(() => post("say", { person: me(), chat: id, topic: bar.current(), text })),
    start: (parameter) => attempt(() => post("start", { person: me(), parameter })),
    tap: (message, data) => attempt(() => post("tap", { person: me(), chat: id, message: message.id, data })),
    reply: (message) => writing.reply(message),
    edit: (message) => writing.edit(message),
    goTo: (message) => document.getElementById(act.anchor(message))?.focus(),
  };

  const redraw = () => update(chat, state);
  const bar = topics(redraw);
  const top = head(titleId, bar.current);
  const pinned = h("div", { class: "pinned" });
  const hint = h("p", { class: "hint", hidden: true });
  const list = h("div", { class: "messages" });
  const log = h("div", { class: "log", role: "log", tabindex: "0", "aria-labelledby": titleId }, list, hint);
  const typing = h("p", { class: "typing", hidden: true }, h("span"), h("span"), h("span"));
  const toasts = h("div", { class: "toasts", role: "status" });
  const begin = button(t("start"), () => act.start(""), { class: "begin" });
  const blocked = h("p", { class: "blocked", hidden: true }, t("blocked"));
  const author = h("select", { id: `author-${id}`, onchange: redraw });
  const asWhom = h("p", { class: "author" }, h("label", { for: author.id }, t("author")), author);
  const mine = () => shown().filter((message) => message.from === me() && message.text);
  const writing = composer({
    id,
    me,
    topic: bar.current,
    commands: () => chat.commands,
    bot: () => state.bot,
    lastOwn: () => mine().at(-1),
  });
  const parts = [top.node, bar.node, pinned, log, typing, toasts, begin, blocked, asWhom, writing.node];
  const node = h("section", { class: "phone", "data-chat": id, "aria-labelledby": titleId }, parts);

  const shown = () => chat.messages.filter((message) => chat.person || message.topic === bar.current());

  function update(nextChat, nextState) {
    [chat, state] = [nextChat, nextState];
    people = new Map(state.people.map((one) => [one.id, one]));
    const person = people.get(chat.person);
    act.lang = person ? lang(person.lang) : null;
    if (!person) advisers();
    bar.update(chat, Boolean(state.story));
    top.update(chat, person);
    keyed(list, views(shown(), me(), people, state.bot.name), (view) => drawn(view, act));
    const pins = shown().filter((message) => chat.pinned.includes(message.id));
    keyed(pinned, pins.slice(-1), pin);
    node.classList.toggle("alone", Boolean(person));
    typing.hidden = !chat.typing;
    asWhom.hidden = Boolean(person);
    blocked.hidden = !person?.blocked;
    begin.hidden = !person || person.blocked || chat.messages.length > 0;
    hint.hidden = shown().some((message) => !message.service);
    setText(hint, person ? t(`hint.${person.role}`, person) : t("hint.group"));
    toast();
  }

  function advisers() {
    const choice = state.people.filter((one) => chat.members.includes(one.id));
    keyed(author, choice, (one) => h("option", { value: one.id }, one.name));
  }

  function toast() {
    const answers = state.toasts.filter((one) => one.person === me());
    old ??= new Set(answers.map((one) => one.id)); // toasts from before the page was opened are not shown
    keyed(toasts, answers.filter((one) => !old.has(one.id)).slice(-1), (one) => h("p", one.text));
  }

  function pin(message) {
    return button([icon("pin"), h("span", excerpt(message))], () => act.goTo(message.id));
  }

  return { node, update, focus: () => node.querySelector("textarea").focus() };
}

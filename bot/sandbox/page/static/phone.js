/** A phone: a chat with its head, messages and composer. It is created once and then updated. */

import { composer } from "./composer.js";
import { button, h, icon, keyed } from "./dom.js";
import { head } from "./head.js";
import { log } from "./log.js";
import { anchor, drawn, excerpt, views } from "./message.js";
import { attempt, post } from "./state.js";
import { bubble } from "./stories.js";
import { t } from "./texts.js";
import { topics } from "./topics.js";
import { explain } from "./why.js";
import { lang } from "./words.js";

/** The phone of a chat: its node, and ``update`` for every new state. */
export function phone(id) {
  let chat, state, people, old;
  const titleId = `title-${id}`;
  const me = () => chat.person ?? Number(author.value);
  const act = {
    lang: null,
    anchor: (message) => anchor(id, message),
    botName: () => state.bot.username,
    say: (text) => perform("say", { person: me(), chat: id, topic: bar.current(), text }),
    start: (parameter) => perform("start", { person: me(), parameter }),
    tap: (message, data) => perform("tap", { person: me(), chat: id, message: message.id, data }),
    reply: (message) => writing.reply(message),
    edit: (message) => writing.edit(message),
    isPrivate: () => Boolean(chat.person),
    why: (message) => explain(id, message),
    goTo: (message) => document.getElementById(act.anchor(message))?.focus(),
  };

  /** Does something here; what follows is scrolled to. */
  function perform(action, body) {
    messages.expect();
    return attempt(() => post(action, body));
  }

  const redraw = () => update(chat, state);
  const bar = topics(redraw);
  const top = head(titleId, bar.current);
  const pinned = h("div", { class: "pinned" });
  const toasts = h("div", { class: "toasts", role: "status" });
  const messages = log(titleId, (view) => drawn(view, act), toasts);
  const typing = h("p", { class: "typing", hidden: true }, h("span"), h("span"), h("span"));
  const told = bubble(id, messages.list);
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
    acted: messages.expect,
  });
  const parts = [top.node, bar.node, pinned, messages.node, typing, told.node, begin, blocked, asWhom, writing.node];
  const node = h("section", { class: "phone", "data-chat": id, "aria-labelledby": titleId }, parts);

  const shown = () => chat.messages.filter((message) => chat.person || message.topic === bar.current());

  function update(nextChat, nextState) {
    [chat, state] = [nextChat, nextState];
    people = new Map(state.people.map((one) => [one.id, one]));
    const person = people.get(chat.person);
    act.lang = person ? lang(person.lang) : null;
    if (!person) advisers();
    bar.update(chat, Boolean(state.story));
    top.update(chat, person, state.bot.name);
    messages.update(views(shown(), me(), people, state.bot.name), bar.current());
    keyed(messages.hint, hints(person), hintLine);
    const pins = shown().filter((message) => chat.pinned.includes(message.id));
    keyed(pinned, pins.slice(-1), pin);
    node.classList.toggle("alone", Boolean(person));
    typing.hidden = !chat.typing;
    asWhom.hidden = Boolean(person);
    blocked.hidden = !person?.blocked;
    begin.hidden = !person || person.blocked || chat.messages.length > 0 || Boolean(state.story);
    told.update(state.story);
    writing.suggest(state.story?.chat === id ? state.story.say : "");
    toast();
  }

  /** What an empty chat says: that it was lost, whose it is, and what one could ask. */
  function hints(person) {
    const lost = state.isRestarted ? [{ key: "lost" }] : [];
    if (!person) return [...lost, { key: "hint.group" }];
    const example = person.role === "adviser" || person.blocked || state.story ? [] : [{ key: `example.${person.role}` }];
    return [...lost, { key: `hint.${person.role}`, name: person.name }, ...example];
  }

  function hintLine({ key, name }) {
    if (key === "lost") return h("strong", t(key));
    if (!key.startsWith("example.")) return h("p", t(key, { name }));
    return button(t(key), () => act.say(t(key)), { class: "plain quiet" });
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

/** A phone: one chat with its head, messages and composer. It is made once and then kept up to date. */

import { composer } from "./composer.js";
import { h, icon, keyed, menu, setText } from "./dom.js";
import { drawn, excerpt, views } from "./message.js";
import { attempt, post } from "./state.js";
import { topics } from "./topics.js";
import { initials, lang, ROLES } from "./words.js";

const NEAR_THE_END = 90; // pixels from which on the chat keeps scrolling along

/** The phone of a chat: its node, and ``update`` for every new state. */
export function phone(id) {
  let chat, state, people;
  const group = () => chat.kind !== "private";
  const me = () => group() ? Number(author.value) : chat.person;
  const act = {
    lang: null,
    langOf: lang,
    anchor: (message) => `m${id}-${message}`,
    botName: () => state.bot.username,
    say: (text) => attempt(() => post("say", { person: me(), chat: id, topic: bar.current(), text })),
    start: (parameter) => attempt(() => post("start", { person: me(), parameter })),
    tap: (message, data) => attempt(() => post("tap", { person: me(), chat: id, message: message.id, data })),
    reply: (message) => writing.reply(message),
    edit: (message) => writing.edit(message),
    goTo: (message) => document.getElementById(act.anchor(message))?.focus(),
  };

  const title = h("h2", { id: `title-${id}` });
  const subtitle = h("p", { class: "subtitle" });
  const picture = h("span", { class: "picture", "aria-hidden": "true" });
  const block = h("button", { type: "button", onclick: () => attempt(() => post(person().blocked ? "unblock" : "block", { person: chat.person })) });
  const remove = h("button", { type: "button", onclick: () => attempt(() => post("topic/delete", { topic: bar.current() })) }, "Dieses Thema löschen");
  const more = menu("Mehr", "more", [block, remove]);
  const author = h("select", { id: `author-${id}`, onchange: () => update(chat, state) });
  const asWhom = h("p", { class: "author" }, h("label", { for: author.id }, "Sie schreiben als"), author);
  const bar = topics(() => update(chat, state));
  const pinned = h("div", { class: "pinned" });
  const log = h("div", { class: "log", role: "log", tabindex: "0", "aria-labelledby": title.id });
  const typing = h("p", { class: "typing", hidden: true }, h("span"), h("span"), h("span"));
  const toasts = h("div", { class: "toasts", role: "status" });
  const begin = h("button", { type: "button", class: "begin", onclick: () => act.start("") }, "Starten");
  const blocked = h("p", { class: "blocked", hidden: true }, "Der Bot ist blockiert und kann nicht mehr schreiben.");
  const writing = composer({
    id, me, topic: () => bar.current(), commands: () => chat.commands, bot: () => state.bot,
    lastOwn: () => shown().filter((message) => message.from === me() && message.text && !message.media).at(-1),
  }, "Nachricht");
  const node = h(
    "section", { class: "phone", "aria-labelledby": title.id },
    h("header", {}, picture, h("div", {}, title, subtitle), more),
    bar.node, pinned, log, typing, toasts, begin, blocked, asWhom, writing.node,
  );

  const person = () => people.get(chat.person);
  const shown = () => chat.messages.filter((message) => !group() || (message.topic ?? null) === bar.current());

  function update(nextChat, nextState) {
    [chat, state] = [nextChat, nextState];
    people = new Map(state.people.map((one) => [one.id, one]));
    act.lang = group() ? null : lang(person().lang);
    if (group()) advisers();
    bar.update(chat, Boolean(state.story) || (!bar.current() && !shown().length));
    head();
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_THE_END;
    keyed(log, views(shown(), me(), people, state.bot.name), (view) => view.key, (view) => drawn(view, act));
    if (isAtEnd) log.scrollTop = log.scrollHeight;
    keyed(pinned, shown().filter((message) => chat.pinned?.includes(message.id)).slice(-1), (message) => message.id, pin);
    const answers = state.toasts.map((one, place) => ({ ...one, place })).filter((one) => one.person === me());
    keyed(toasts, answers.slice(-1), (one) => one.place, (one) => h("p", {}, one.text));
  }

  function advisers() {
    const choice = state.people.filter((one) => one.role === "adviser");
    keyed(author, choice, (one) => one.id, (one) => h("option", { value: one.id }, one.name));
  }

  function head() {
    const name = group() ? chat.title : person().name;
    setText(title, name);
    setText(picture, initials(name));
    picture.dataset.role = group() ? "group" : person().role;
    setText(subtitle, chat.typing ? "Der Bot schreibt …" : group() ? "Gruppe der Beratung" : `${ROLES[person().role] ?? "Gast"} · im Chat mit dem Bot`);
    typing.hidden = !chat.typing;
    const isBlocked = !group() && person().blocked;
    asWhom.hidden = !group();
    block.hidden = group();
    setText(block, isBlocked ? "Bot wieder zulassen" : "Bot blockieren");
    remove.hidden = !group();
    more.hidden = group() && bar.current() === null;
    blocked.hidden = !isBlocked;
    begin.hidden = group() || isBlocked || chat.messages.length > 0;
  }

  function pin(message) {
    return h("button", { type: "button", onclick: () => act.goTo(message.id) }, icon("pin"), h("span", {}, excerpt(message)));
  }

  return { node, update, focus: () => node.querySelector("textarea").focus() };
}

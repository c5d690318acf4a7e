/** The composer: texts, commands, replies, edits of one's own messages. */

import { attaching } from "./attaching.js";
import { h, icon, iconButton, setText } from "./dom.js";
import { excerpt } from "./message.js";
import { attempt, post } from "./state.js";
import { commandsFor, inlineResults, suggestions } from "./suggestions.js";
import { t } from "./texts.js";

/** The composer of a chat; ``chat`` has id, me(), topic(), commands(), bot() and lastOwn() and acted(). */
export function composer(chat) {
  let doing = null; // {reply: message} or {edit: message}
  let asked = 0; // counts inputs, so that outdated results are not shown

  const area = h("textarea", {
    rows: "1",
    dir: "auto",
    "aria-label": t("message"),
    placeholder: t("message"),
    oninput,
    onkeydown,
  });
  const list = suggestions(area, chat.id, (item) => (item.query ? choose(item) : send(item.text)));
  const about = h("p");
  const cancel = iconButton("close", t("cancel"), () => begin(null));
  const mode = h("div", { class: "mode", hidden: true }, about, cancel);
  const slash = iconButton("command", t("commands"), () => write("/"));
  const submit = h("button", { class: "round send", "aria-label": t("send"), title: t("send") }, icon("send"));
  const form = h("form", { class: "composer", onsubmit }, slash, attaching(chat, area), area, submit);
  const node = h("div", { class: "writing" }, list.node, mode, form);

  function write(text) {
    area.value = text;
    area.focus();
    oninput();
  }

  function begin(next) {
    if (doing?.edit && !next) area.value = "";
    doing = next;
    mode.hidden = !next;
    if (next) setText(about, `${t(next.edit ? "edit" : "reply.noun")}: ${excerpt(next.edit ?? next.reply)}`);
    if (next?.edit) area.value = next.edit.text;
    area.focus();
  }

  async function oninput() {
    asked += 1;
    const turn = asked;
    const results = await inlineResults(area.value, chat.bot().username, chat.me());
    if (turn === asked) list.show(doing?.edit ? [] : (results ?? commandsFor(area.value, chat.commands())));
  }

  function onkeydown(event) {
    if (event.isComposing) return;
    if (list.key(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) onsubmit(event);
    else if (event.key === "Escape" && doing) begin(null);
    else if (event.key === "ArrowUp" && !area.value && chat.lastOwn()) {
      event.preventDefault();
      begin({ edit: chat.lastOwn() });
    }
  }

  function onsubmit(event) {
    event.preventDefault();
    send(area.value);
  }

  async function send(text) {
    if (!text.trim()) return;
    const place = { person: chat.me(), chat: chat.id };
    const action = doing?.edit
      ? () => post("edit", { ...place, message: doing.edit.id, text })
      : () => post("say", { ...place, topic: chat.topic(), text, reply_to: doing?.reply?.id ?? null });
    if (!doing?.edit) chat.acted();
    if (await attempt(action)) sent(); // otherwise the text remains
  }

  /** Sends a result that the bot offers for the text after its name. */
  async function choose({ query, id }) {
    const place = { person: chat.me(), chat: chat.id, topic: chat.topic() };
    chat.acted();
    if (await attempt(() => post("choose", { ...place, query, result: id }))) sent();
  }

  function sent() {
    asked += 1;
    list.show([]);
    begin(null);
    area.value = "";
  }

  /** Shows in the empty field what a story is about to write. */
  function suggest(text) {
    area.placeholder = text || t("message");
    node.classList.toggle("next", Boolean(text));
  }

  return {
    node,
    suggest,
    reply: (message) => begin({ reply: message }),
    edit: (message) => begin({ edit: message }),
  };
}

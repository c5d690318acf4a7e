/** One message of a chat, with its buttons. */

import { h, iconButton, spoken } from "./dom.js";
import { formatted, link } from "./entities.js";
import { media, mediaLabel } from "./media.js";
import { clock, day } from "./words.js";

/** Everything a chat shows, in order: its messages, and a line where another day begins. */
export function views(messages, me, people, botName) {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const who = (message) => message.own_bot ? botName : people.get(message.from)?.name ?? "Jemand";
  let before = null;
  return messages.flatMap((message) => {
    const today = day(message.date);
    const line = today === before ? [] : [{ key: `day ${today}`, day: today }];
    before = today;
    const quoted = byId.get(message.reply_to);
    return [...line, {
      key: message.id, message, who: who(message), own: message.from === me, lang: people.get(message.from)?.lang,
      quote: quoted ? { id: quoted.id, who: who(quoted), text: excerpt(quoted) } : null,
    }];
  });
}

/** The beginning of a message on one line. */
export function excerpt(message) {
  const text = (message.text || mediaLabel(message)).replace(/\s+/g, " ");
  return text.length > 90 ? `${text.slice(0, 90)}…` : text;
}

/** The node of a view; ``act`` holds what can be done from here. */
export function drawn(view, act) {
  if (view.day) return h("p", { class: "service" }, view.day);
  const { message, who, own } = view;
  if (message.service) return h("p", { class: "service" }, message.service);
  return h(
    "article", { class: `message${own ? " own" : ""}`, "aria-label": `${who}, ${clock(message.date)}`, tabindex: "-1", id: act.anchor(message.id) },
    h(
      "div", { class: "bubble" },
      h("p", { class: "who", "aria-hidden": "true" }, who),
      view.quote && quote(view.quote, act),
      media(message),
      message.text ? h("div", { class: "text", lang: own || !message.own_bot ? act.langOf(view.lang) : act.lang }, formatted(message.text, message.entities, act)) : null,
      h("p", { class: "meta" }, message.edited ? "bearbeitet " : null, clock(message.date)),
    ),
    actions(message, own, act),
    (message.buttons ?? []).length ? keys(message, act) : null,
  );
}

function quote({ id, who, text }, act) {
  return h("button", { type: "button", class: "quote", onclick: () => act.goTo(id) }, spoken("Antwort auf "), h("strong", {}, who), h("span", {}, text));
}

function actions(message, own, act) {
  return h(
    "div", { class: "actions" },
    iconButton("reply", "Antworten", () => act.reply(message)),
    own && message.text && !message.media ? iconButton("edit", "Bearbeiten", () => act.edit(message)) : null,
  );
}

function keys(message, act) {
  const rows = message.buttons.map((row) => h("div", { class: "row" }, row.map((button) => key(button, message, act))));
  return h("div", { class: "keys", role: "group", "aria-label": "Knöpfe" }, rows);
}

function key(button, message, act) {
  if (!button.url) return h("button", { type: "button", class: "key", onclick: () => act.tap(message, button.data) }, button.text);
  const address = button.url.replace(/^https?:\/\//, "");
  return link(button.url, [button.text, h("small", {}, address)], act, { class: "key" });
}

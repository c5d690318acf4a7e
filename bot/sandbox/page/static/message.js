/** One message of a chat, with its buttons. */

import { button, h, iconButton, spoken } from "./dom.js";
import { formatted, link } from "./entities.js";
import { media, mediaLabel } from "./media.js";
import { t } from "./texts.js";
import { clock, day, lang } from "./words.js";

/** Everything a chat shows, in order: its messages, and a line at the beginning of each day. */
export function views(messages, me, people, botName) {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const who = (message) => (message.own_bot ? botName : (people.get(message.from)?.name ?? t("somebody")));
  let before = null;
  return messages.flatMap((message) => {
    const today = day(message.date);
    const line = today === before ? [] : [{ key: `day ${today}`, day: today }];
    before = today;
    const quoted = byId.get(message.reply_to);
    const quote = quoted ? { id: quoted.id, who: who(quoted), text: excerpt(quoted) } : null;
    const sender = people.get(message.from);
    const own = message.from === me;
    return [...line, { key: message.id, message, who: who(message), own, lang: sender?.lang, quote }];
  });
}

/** The id of a message's node. */
export const anchor = (chat, message) => `m${chat}-${message}`;

/** The beginning of a message on one line. */
export function excerpt(message) {
  const text = (message.text || mediaLabel(message)).replace(/\s+/g, " ");
  return text.length > 90 ? `${text.slice(0, 90)}…` : text;
}

/** The node of a view; ``act`` holds the possible actions. */
export function drawn(view, act) {
  const { message, who, own } = view;
  if (view.day || message.service) return h("p", { class: "service" }, view.day ?? t(`service.${message.service.kind}`, message.service));
  const bubble = [
    h("p", { class: "who", "aria-hidden": "true" }, who),
    message.via ? h("p", { class: "via" }, `via @${message.via}`) : null,
    view.quote ? quote(view.quote, act) : null,
    media(message),
    message.text ? text(message, message.own_bot ? act.lang : lang(view.lang), act) : null,
    message.reaction.length ? h("span", { class: "reaction" }, message.reaction) : null,
    h("div", { class: "meta" }, actions(message, own, act), message.edited ? `${t("edited")} ` : null, clock(message.date)),
  ];
  const label = `${who}, ${clock(message.date)}`;
  const place = { id: act.anchor(message.id), tabindex: "-1" };
  return h(
    "article",
    { class: own ? "message own" : "message", "aria-label": label, ...place },
    h("div", { class: "bubble", ...explainsOnClick(message, act) }, bubble),
    message.buttons.length ? keys(message, act) : null,
  );
}

const canExplain = (message, act) => message.own_bot && message.text && act.isPrivate();

/** A click on the text of the bot asks why, unless it selects text or hits something that has a click of its own. */
function explainsOnClick(message, act) {
  if (!canExplain(message, act)) return {};
  const onclick = ({ target }) => {
    if (!target.closest("a, button, summary, audio, video, .spoiler") && getSelection().isCollapsed) act.why(message);
  };
  return { onclick };
}

function text(message, language, act) {
  return h("div", { class: "text", dir: "auto", lang: language }, formatted(message.text, message.entities, act));
}

function quote({ id, who, text }, act) {
  return button([spoken(`${t("reply.to")} `), h("strong", who), h("span", text)], () => act.goTo(id), { class: "quote" });
}

function actions(message, own, act) {
  const reply = iconButton("reply", t("reply"), () => act.reply(message));
  const edit = iconButton("edit", t("edit"), () => act.edit(message));
  const why = iconButton("why", t("why"), () => act.why(message));
  return h("span", { class: "actions" }, canExplain(message, act) ? why : null, reply, own && message.text ? edit : null);
}

function keys(message, act) {
  const cells = (row) => row.map((one) => key(one, message, act));
  const rows = message.buttons.map((row) => h("div", { class: "row" }, cells(row)));
  return h("div", { class: "keys", role: "group", "aria-label": t("buttons") }, rows);
}

function key({ text, data, url }, message, act) {
  if (!url) return button(text, () => act.tap(message, data), { class: "key" });
  return link(url, [text, h("small", url.replace(/^https?:\/\//, ""))], act, { class: "key" });
}

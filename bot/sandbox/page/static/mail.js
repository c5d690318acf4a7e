/** The mail sent by the bot. */

import { h, icon, keyed, setText } from "./dom.js";
import { opening } from "./media.js";
import { attempt, notice, post } from "./state.js";
import { t } from "./texts.js";
import { clock } from "./words.js";

/** The outgoing mail as another device beside the phones. */
export function mailbox() {
  const title = h("h2", { id: "title-mail" }, t("mail.title"));
  const subtitle = h("p", { class: "subtitle" });
  const picture = h("span", { class: "picture", "data-role": "mail" }, icon("mail"));
  const list = h("div", { class: "mails", role: "log", tabindex: "0", "aria-labelledby": title.id });
  const hint = h("p", { class: "hint" }, t("mail.hint"));
  const header = h("header", picture, h("div", title, subtitle));
  const node = h("section", { class: "phone", "data-chat": "mail", "aria-labelledby": title.id }, header, hint, list);

  function update({ mails }) {
    const views = mails.map((mail, place) => ({ ...mail, key: place, newest: place === mails.length - 1 }));
    setText(subtitle, counted(mails.length));
    keyed(list, views.reverse(), draw);
    hint.hidden = mails.length > 0;
  }

  return { node, update, focus: () => list.focus() };
}

function counted(number) {
  if (!number) return t("mail.about");
  return number === 1 ? t("mail.one") : t("mail.many", { n: number });
}

function attachment(name, file) {
  if (!file) return [icon("file"), name]; // in a state that an older version saved
  return opening(`/files/${encodeURIComponent(file)}`, {}, [icon("file"), name]);
}

/** A field for an answer by e-mail; the bot passes it on. */
function answering({ answer_to }) {
  const area = h("textarea", { rows: "1", dir: "auto", "aria-label": t("mail.answer"), placeholder: t("mail.answer") });
  const submit = h("button", { class: "round send", "aria-label": t("send"), title: t("send") }, icon("send"));
  async function onsubmit(event) {
    event.preventDefault();
    if (!area.value.trim() || !(await attempt(() => post("mail/answer", { answer_to, text: area.value })))) return;
    area.value = "";
    notice(t("mail.answered"));
  }
  return h("form", { class: "composer", onsubmit }, area, submit);
}

function draw(mail) {
  const attached = mail.attachments.map((name, place) => h("li", attachment(name, mail.files?.[place])));
  const about = [h("strong", mail.subject), h("span", t("mail.to", { address: mail.to })), h("time", clock(mail.date))];
  return h(
    "details",
    { class: "mail", open: mail.newest },
    h("summary", about),
    h("pre", mail.text || t("mail.empty")),
    attached.length ? h("ul", { "aria-label": t("mail.attachments") }, attached) : null,
    mail.answer_to ? answering(mail) : null,
  );
}

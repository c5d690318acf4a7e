/** The mail that went out. */

import { h, icon, keyed, setText } from "./dom.js";
import { clock } from "./words.js";

/** The outgoing mail as one more device beside the phones. */
export function mailbox() {
  const subtitle = h("p", { class: "subtitle" });
  const list = h("div", { class: "log mails", role: "log", tabindex: "0", "aria-label": "E-Mails, die hinausgingen" });
  const node = h(
    "section", { class: "phone", "aria-labelledby": "title-mail" },
    h("header", {}, h("span", { class: "picture", "data-role": "mail" }, icon("mail")), h("div", {}, h("h2", { id: "title-mail" }, "Post"), subtitle)),
    list,
  );

  function update(state) {
    const mails = state.mails.map((mail, place) => ({ ...mail, place, newest: place === state.mails.length - 1 }));
    setText(subtitle, mails.length ? `${mails.length} ${mails.length === 1 ? "E-Mail ging" : "E-Mails gingen"} hinaus` : "Hier sehen Sie, was per E-Mail hinausgeht");
    keyed(list, mails.reverse(), (mail) => mail.place, draw);
  }

  return { node, update, focus: () => list.focus() };
}

function draw(mail) {
  return h(
    "details", { class: "mail", open: mail.newest },
    h("summary", {}, h("strong", {}, mail.subject), h("span", {}, `An ${mail.to}`), h("time", {}, clock(mail.date))),
    h("pre", {}, mail.text || "(Diese E-Mail hat keinen Text.)"),
    mail.attachments?.length
      ? h("ul", { "aria-label": "Anhänge" }, mail.attachments.map((name) => h("li", {}, icon("file"), name)))
      : null,
  );
}

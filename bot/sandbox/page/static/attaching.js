/** Sending attachments: a menu of kinds, and a picker for photos and files. */

import { button, h, menu } from "./dom.js";
import { base64 } from "./media.js";
import { attempt, post } from "./state.js";
import { t } from "./texts.js";

const CAPTIONED = ["photo", "document"];

/** The menu and the hidden picker; the content of the text field becomes the caption. */
export function attaching(chat, area) {
  let kind = null; // the kind that the picker is open for
  const picker = h("input", { type: "file", hidden: true, tabindex: "-1", "aria-hidden": "true", onchange: picked });
  const items = [
    button(t("attach.photo"), () => pick("photo", "image/*")),
    button(t("attach.document"), () => pick("document", "")),
    button(t("media.voice"), () => send("voice")),
    button(t("attach.contact"), () => send("contact")),
    button(t("media.location"), () => send("location")),
    button(t("media.sticker"), () => send("sticker")),
  ];

  function pick(next, accept) {
    kind = next;
    picker.accept = accept;
    picker.click();
  }

  async function picked() {
    const [file] = picker.files;
    if (file) await send(kind, { name: file.name, bytes: await base64(file) });
    picker.value = "";
  }

  async function send(what, details = {}) {
    const caption = CAPTIONED.includes(what) ? { caption: area.value.trim() } : {};
    const place = { person: chat.me(), chat: chat.id, topic: chat.topic() };
    chat.acted();
    const sent = await attempt(() => post("send", { ...place, kind: what, ...details, ...caption }));
    if (sent && caption.caption) area.value = "";
    area.focus();
  }

  return [menu(t("attach"), "attach", items), picker];
}

/** Where one writes: text, commands, attachments, answers to a message, changes of an own one. */

import { h, icon, iconButton, menu, setText } from "./dom.js";
import { base64 } from "./media.js";
import { excerpt } from "./message.js";
import { attempt, post } from "./state.js";
import { commandsFor, inlineResults, suggestions } from "./suggestions.js";

/** The composer of a chat. ``chat`` answers: id, me(), topic(), commands(), bot(), lastOwn(). */
export function composer(chat, label) {
  const area = h("textarea", { rows: "1", id: `write-${chat.id}`, "aria-label": label, placeholder: "Nachricht schreiben", oninput: suggest, onkeydown: keydown });
  const list = suggestions(area, chat.id, (item) => { list.show([]); send(item.text); });
  const about = h("p", { class: "about" });
  const cancel = iconButton("close", "Doch nicht", () => begin(null));
  const mode = h("div", { class: "mode", hidden: true }, about, cancel);
  const picker = h("input", { type: "file", hidden: true, "aria-hidden": "true", tabindex: "-1", onchange: () => picked() });
  const attach = menu("Anhängen", "attach", [
    entry("Bild …", () => pick("photo", "image/*")),
    entry("Datei …", () => pick("document", "")),
    entry("Sprachnachricht", () => attached("voice")),
    entry("Eigener Kontakt", () => attached("contact")),
    entry("Standort", () => attached("location")),
    entry("Sticker", () => attached("sticker")),
  ]);
  const slash = iconButton("command", "Befehle", () => { area.value = "/"; area.focus(); suggest(); });
  const submit = h("button", { class: "round send", "aria-label": "Senden", title: "Senden" }, icon("send"));
  const form = h("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); send(area.value); } }, slash, attach, picker, area, submit);
  const node = h("div", { class: "writing" }, list.node, mode, form);
  let doing = null; // {reply: message} or {edit: message}
  let asked = 0;

  function entry(text, onclick) {
    return h("button", { type: "button", onclick }, text);
  }

  function begin(next) {
    if (doing?.edit && !next) area.value = "";
    doing = next;
    mode.hidden = !next;
    setText(about, next ? `${next.edit ? "Bearbeiten" : "Antwort"}: ${excerpt(next.edit ?? next.reply)}` : "");
    if (next?.edit) area.value = next.edit.text;
    area.focus();
  }

  async function suggest() {
    const turn = ++asked;
    const results = await inlineResults(area.value, chat.bot().username, chat.me());
    if (turn === asked) list.show(doing?.edit ? [] : results ?? commandsFor(area.value, chat.commands()));
  }

  function keydown(event) {
    if (event.isComposing) return;
    if (list.key(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(area.value); }
    else if (event.key === "Escape" && doing) begin(null);
    else if (event.key === "ArrowUp" && !area.value && chat.lastOwn()) { event.preventDefault(); begin({ edit: chat.lastOwn() }); }
  }

  async function send(text) {
    if (!text.trim()) return;
    const place = { person: chat.me(), chat: chat.id };
    const sent = doing?.edit
      ? await attempt(() => post("edit", { ...place, message: doing.edit.id, text }))
      : await attempt(() => post("say", { ...place, topic: chat.topic(), text, reply_to: doing?.reply?.id ?? null }));
    if (!sent) return; // what was written stays
    area.value = "";
    asked += 1;
    list.show([]);
    begin(null);
  }

  let kind = "document";
  function pick(next, accept) {
    kind = next;
    picker.accept = accept;
    picker.click();
  }

  async function picked() {
    const [file] = picker.files;
    if (file) await attached(kind, { name: file.name, bytes: await base64(file) });
    picker.value = "";
  }

  async function attached(what, details = {}) {
    const caption = area.value.trim();
    const place = { person: chat.me(), chat: chat.id, topic: chat.topic(), kind: what };
    const sent = await attempt(() => post("send", { ...place, ...details, ...(caption && ["photo", "document"].includes(what) ? { caption } : {}) }));
    if (sent && ["photo", "document"].includes(what)) area.value = "";
    area.focus();
  }

  return { node, reply: (message) => begin({ reply: message }), edit: (message) => begin({ edit: message }) };
}

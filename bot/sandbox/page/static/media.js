/** What a message contains besides text: photos, files, voice, contacts, locations. */

import { h, icon } from "./dom.js";
import { t } from "./texts.js";
import { number, size } from "./words.js";

const VIEWABLE = /^(image\/|text\/|application\/pdf)/;

/** A short name for the kind of a message without text. */
export function mediaLabel(message) {
  if (message.contact) return t("media.contact", { name: message.contact.name });
  if (message.location) return t("media.location");
  return message.media ? message.media.name || kindLabel(message.media.kind) : "";
}

/** The name of a kind of media. */
function kindLabel(kind) {
  return t(["photo", "voice", "sticker"].includes(kind) ? `media.${kind}` : "media.document");
}

/** The nodes for everything in a message except its text. */
export function media(message) {
  const shown = message.media ? [attached(message.media, message.text)] : [];
  if (message.contact) shown.push(contact(message.contact));
  if (message.location) shown.push(place(message.location));
  return shown;
}

function attached(file, caption) {
  const address = `/files/${encodeURIComponent(file.file)}`;
  if (file.kind === "photo")
    return opening(address, { class: "photo" }, h("img", { src: address, alt: caption || t("media.undescribed") }));
  if (file.kind === "sticker")
    return h("p", { class: "sticker", role: "img", "aria-label": t("media.sticker") }, file.name || "👍");
  if (file.kind === "voice") return voice(file, address);
  return h("div", { class: "file" }, document(file, address), download(file, address));
}

/** A file's card: opens what a browser can show, otherwise saves it. */
function document(file, address) {
  const name = file.name || t("media.document");
  const shown = [icon("file"), h("span", h("strong", name), h("small", file.size ? size(file.size) : ""))];
  if (VIEWABLE.test(file.mime ?? "")) return opening(address, { class: "card" }, shown);
  return h("a", { class: "card", href: address, download: name }, shown);
}

function download(file, address) {
  const label = t("media.download", { name: file.name || t("media.document") });
  const properties = { class: "round", href: address, download: file.name || "", "aria-label": label, title: label };
  return h("a", properties, icon("save"));
}

/** A link that opens a file in a new tab. */
export function opening(address, properties, children) {
  return h("a", { href: address, target: "_blank", rel: "noopener", ...properties }, children);
}

function voice(file, address) {
  return h(
    "div",
    { class: "voice" },
    h("audio", { controls: true, preload: "none", src: address, "aria-label": t("media.voice") }),
    h("small", file.duration ? t("media.seconds", { n: number(file.duration) }) : t("media.voice")),
  );
}

function contact(card) {
  const number = card.phone ? h("a", { href: `tel:${card.phone.replace(/[^+\d]/g, "")}` }, card.phone) : null;
  return h("div", { class: "card" }, icon("person"), h("span", h("strong", card.name), h("small", number)));
}

function place({ latitude, longitude }) {
  const address = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
  return h(
    "a",
    { class: "card", href: address, title: address, target: "_blank", rel: "noopener noreferrer" },
    icon("place"),
    h("span", h("strong", t("media.location")), h("small", t("media.place", { north: number(latitude), east: number(longitude) }))),
  );
}

/** Reads a picked file as base64. */
export async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 32768) binary += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(binary);
}

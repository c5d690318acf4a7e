/** What a message contains besides text: photos, files, voice, contacts, locations. */

import { h, icon, spoken } from "./dom.js";
import { number, size } from "./words.js";

const LABELS = { photo: "Bild", voice: "Sprachnachricht", sticker: "Sticker", document: "Datei" };

/** A short name for the kind of a message without text. */
export function mediaLabel(message) {
  if (message.contact) return `Kontakt: ${message.contact.name}`;
  if (message.location) return "Standort";
  return message.media ? message.media.name || LABELS[message.media.kind] || "Datei" : "";
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
    return h("img", { class: "photo", src: address, alt: caption || "Bild ohne Beschreibung" });
  if (file.kind === "sticker")
    return h("p", { class: "sticker", role: "img", "aria-label": "Sticker" }, file.name || "👍");
  if (file.kind === "voice") return voice(file, address);
  return h(
    "a",
    { class: "card", href: address, download: file.name || "Datei" },
    icon("file"),
    h(
      "span",
      h("strong", file.name || "Datei"),
      h("small", file.size ? size(file.size) : "", spoken(" herunterladen")),
    ),
  );
}

function voice(file, address) {
  return h(
    "div",
    { class: "voice" },
    h("audio", { controls: true, preload: "none", src: address, "aria-label": "Sprachnachricht" }),
    h("small", `Sprachnachricht${file.duration ? `, ${number(file.duration)} Sekunden` : ""}`),
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
    h("span", h("strong", "Standort"), h("small", `${number(latitude)}° Nord, ${number(longitude)}° Ost`)),
  );
}

/** Reads a picked file as base64. */
export async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 32768) binary += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(binary);
}

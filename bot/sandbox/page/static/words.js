/** Formats numbers, times and names in the language of the page. */

import { LANG, t } from "./texts.js";

const LOCALE = { de: "de-DE", en: "en-GB" }[LANG];
const ZONE = { timeZone: "Europe/Berlin" }; // as in the bot
const CLOCK = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", ...ZONE });
const SECONDS = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium", ...ZONE });
const DAY = new Intl.DateTimeFormat(LOCALE, { weekday: "long", day: "numeric", month: "long", ...ZONE });
const PARTS = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const STAMP = new Intl.DateTimeFormat(LOCALE, { ...PARTS, ...ZONE });
const NAMES = new Intl.DisplayNames(LOCALE, { type: "language" });
const NUMBER = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 });
const PERCENT = new Intl.NumberFormat(LOCALE, { style: "percent" });

export const LANGUAGES = [LANG, ...["de", "en", "tr", "uk", "ar", "fr"].filter((code) => code !== LANG)];

const moment = (seconds) => new Date(seconds * 1000);
export const clock = (seconds) => CLOCK.format(moment(seconds));
export const toTheSecond = (seconds) => SECONDS.format(moment(seconds));
export const day = (seconds) => DAY.format(moment(seconds));
export const stamp = (seconds) => STAMP.format(moment(seconds));
export const number = (value) => NUMBER.format(value);
export const languageName = (code) => NAMES.of(code);
export const percent = (share) => PERCENT.format(Math.floor(share * 100) / 100); // never rounds up to "100 %"

/** A file's size. */
export function size(bytes) {
  if (bytes < 1024) return t("bytes", { n: bytes });
  return bytes < 1024 ** 2
    ? `${number(Math.round(bytes / 1024))} KB`
    : `${number(Math.round(bytes / 104857.6) / 10)} MB`;
}

/** Hours in words: "3 Tage und 2 Stunden". */
export function duration(hours) {
  const [days, rest] = split(hours);
  const words = [days && t(days === 1 ? "day" : "days", { n: number(days) })];
  words.push(rest && t(rest === 1 ? "hour" : "hours", { n: number(rest) }));
  return words.filter(Boolean).join(t("and"));
}

/** Hours in few letters: "3 T 2 Std". */
export function briefDuration(hours) {
  const [days, rest] = split(hours);
  const words = [days && t("brief.days", { n: number(days) }), rest && t("brief.hours", { n: number(rest) })];
  return words.filter(Boolean).join(" ");
}

/** Whole days, and the hours beyond them. */
function split(hours) {
  const days = Math.floor(hours / 24);
  return [days, Math.round((hours - days * 24) * 10) / 10];
}

/** Up to two initials for an avatar. */
export function initials(name) {
  const letters = name
    .split(/\s+/)
    .map((word) => word.match(/\p{L}|\p{N}/u)?.[0] ?? "")
    .join("");
  return (letters.length > 2 ? letters[0] + letters.at(-1) : letters).toUpperCase();
}

/** A person's language for the lang attribute; null if it is that of the page. */
export function lang(code) {
  const [base] = (code ?? "de").split("-");
  return base === LANG ? null : base;
}

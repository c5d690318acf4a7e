/** Formats numbers, times and names in German. */

const ZONE = { timeZone: "Europe/Berlin" }; // as in the bot
const CLOCK = new Intl.DateTimeFormat("de-DE", { hour: "2-digit", minute: "2-digit", ...ZONE });
const SECONDS = new Intl.DateTimeFormat("de-DE", { timeStyle: "medium", ...ZONE });
const DAY = new Intl.DateTimeFormat("de-DE", { weekday: "long", day: "numeric", month: "long", ...ZONE });
const NUMBER = new Intl.NumberFormat("de-DE", { maximumFractionDigits: 2 });
const PERCENT = new Intl.NumberFormat("de-DE", { style: "percent" });

export const ROLES = { organisation: "Organisation", newcomer: "Neu hier", adviser: "Beratung" };
export const HINTS = {
  organisation: "arbeitet für eine Organisation und sucht Rat.",
  newcomer: "kennt Gemeinsam Wirken noch nicht und schaut sich um.",
  adviser: "gehört zur Beratung und kann dem Bot auch selbst schreiben.",
};
export const LANGUAGES = {
  de: "Deutsch",
  en: "Englisch",
  tr: "Türkisch",
  uk: "Ukrainisch",
  ar: "Arabisch",
  fr: "Französisch",
};

const moment = (seconds) => new Date(seconds * 1000);
export const clock = (seconds) => CLOCK.format(moment(seconds));
export const toTheSecond = (seconds) => SECONDS.format(moment(seconds));
export const day = (seconds) => DAY.format(moment(seconds));
export const number = (value) => NUMBER.format(value);
export const percent = (share) => PERCENT.format(Math.floor(share * 100) / 100); // never rounds up to "100 %"

/** A file's size. */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} Byte`;
  return bytes < 1024 ** 2
    ? `${number(Math.round(bytes / 1024))} KB`
    : `${number(Math.round(bytes / 104857.6) / 10)} MB`;
}

/** Hours in words: "3 Tage und 2 Stunden". */
export function duration(hours) {
  const days = Math.floor(hours / 24);
  const parts = [
    [days, "Tag", "Tage"],
    [Math.round((hours - days * 24) * 10) / 10, "Stunde", "Stunden"],
  ];
  return parts
    .filter(([count]) => count)
    .map(([count, one, many]) => `${number(count)} ${count === 1 ? one : many}`)
    .join(" und ");
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
  return base === "de" ? null : base;
}

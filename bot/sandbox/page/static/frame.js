/** The frame of the page: its language, light or dark, the side panel, and whether there is room for more than one phone. */

import { icon } from "./dom.js";
import { LANG, t } from "./texts.js";

export const narrow = matchMedia("(max-width: 719px)"); // one phone
export const wide = matchMedia("(min-width: 1000px)"); // the side panel beside the phones, not over them
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const [side, panelSwitch, themeSwitch, languageSwitch] = ["panel", "panel-switch", "theme", "language"].map((id) =>
  document.getElementById(id),
);

/** Shows or hides the side panel; in a narrow window it replaces the chats. */
export function openPanel(isOpen) {
  side.hidden = !isOpen;
  panelSwitch.setAttribute("aria-expanded", isOpen);
  document.body.classList.toggle("with-panel", isOpen);
}

function closePanel() {
  const isInside = side.contains(document.activeElement);
  openPanel(false);
  if (isInside) panelSwitch.focus();
}

function useTheme(name) {
  root.dataset.theme = name;
  themeSwitch.setAttribute("aria-pressed", name === "dark");
}

/** Writes the texts of index.html: `data-text` names a node's text, `data-label` its label, `data-title` its title. */
function translatePage() {
  document.documentElement.lang = LANG;
  document.title = t("title");
  const each = (name, set) => {
    for (const node of document.querySelectorAll(`[data-${name}]`)) set(node, t(node.dataset[name]));
  };
  each("text", (node, text) => (node.textContent = text));
  each("label", (node, text) => node.setAttribute("aria-label", text));
  each("title", (node, text) => (node.title = text));
}

/** Offers the other language in its own words. */
function offerLanguage() {
  const other = LANG === "de" ? "en" : "de";
  languageSwitch.textContent = other.toUpperCase();
  languageSwitch.lang = other;
  languageSwitch.title = t("lang.other");
  languageSwitch.setAttribute("aria-label", t("lang.other"));
  languageSwitch.addEventListener("click", () => {
    localStorage.setItem("lang", other);
    location.reload();
  });
}

/** Connects the switches; choices are remembered in this browser. */
export function frame() {
  translatePage();
  offerLanguage();
  themeSwitch.append(icon("theme"));
  panelSwitch.append(icon("panel"));
  panelSwitch.addEventListener("click", () => openPanel(side.hidden));
  themeSwitch.addEventListener("click", () => {
    useTheme(root.dataset.theme === "dark" ? "light" : "dark");
    localStorage.setItem("theme", root.dataset.theme);
  });
  dark.addEventListener("change", () => localStorage.getItem("theme") ?? useTheme(dark.matches ? "dark" : "light"));
  useTheme(localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light"));
  addEventListener("keydown", ({ key }) => key === "Escape" && !wide.matches && !side.hidden && closePanel());
  wide.addEventListener("change", () => openPanel(wide.matches));
  openPanel(wide.matches);
}

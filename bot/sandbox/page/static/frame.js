/** The frame of the page: light or dark, the side panel, and whether there is room for more than one phone. */

import { icon } from "./dom.js";

export const narrow = matchMedia("(max-width: 719px)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const [side, panelSwitch, themeSwitch] = ["panel", "panel-switch", "theme"].map((id) => document.getElementById(id));

/** Shows or hides the side panel; in a narrow window it replaces the chats. */
export function openPanel(isOpen) {
  side.hidden = !isOpen;
  panelSwitch.setAttribute("aria-expanded", isOpen);
  document.body.classList.toggle("with-panel", isOpen);
}

function useTheme(name) {
  root.dataset.theme = name;
  themeSwitch.setAttribute("aria-pressed", name === "dark");
}

/** Connects the switches; choices are remembered in this browser. */
export function frame() {
  themeSwitch.append(icon("theme"));
  panelSwitch.append(icon("panel"));
  panelSwitch.addEventListener("click", () => openPanel(side.hidden));
  themeSwitch.addEventListener("click", () => {
    useTheme(root.dataset.theme === "dark" ? "light" : "dark");
    localStorage.setItem("theme", root.dataset.theme);
  });
  dark.addEventListener("change", () => localStorage.getItem("theme") ?? useTheme(dark.matches ? "dark" : "light"));
  useTheme(localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light"));
  openPanel(!narrow.matches);
}

/** Puts the page together: who is on stage, and the state drawn whenever it changes. */

import { h, icon, keyed, setText, spoken } from "./dom.js";
import { mailbox } from "./mail.js";
import { panel } from "./panel.js";
import { phone } from "./phone.js";
import { follow } from "./state.js";
import { storyBar } from "./stories.js";
import { initials } from "./words.js";

const [stage, cast, skip, connection, side, panelSwitch, themeSwitch] =
  ["stage", "cast", "skip", "connection", "panel", "panel-switch", "theme"].map((id) => document.getElementById(id));
const narrow = matchMedia("(max-width: 719px)");
const dark = matchMedia("(prefers-color-scheme: dark)");

const mail = mailbox();
const devices = new Map([["mail", mail]]); // what stands on the stage, by key
const visible = new Set(["mail"]);
const seen = new Map(); // how much of each had been there when it was last visible
let state = null;

const panelParts = panel(side);
const story = storyBar(document.getElementById("story"));
themeSwitch.append(icon("theme"));
panelSwitch.append(icon("panel"));
stage.append(mail.node);

/** Bring everything up to date with a new state. */
function draw(next) {
  state = next;
  for (const chat of state.chats) {
    if (!devices.has(String(chat.id))) enter(chat);
    devices.get(String(chat.id)).update(chat, state);
  }
  const there = new Set(["mail", ...state.chats.map((chat) => String(chat.id))]);
  for (const key of [...devices.keys()].filter((one) => !there.has(one))) leave(key);
  mail.update(state);
  story.update(state);
  panelParts.update(state);
  setText(connection, state.bot.ready ? "" : "Der Bot wacht gerade auf. Ihre Nachrichten warten so lange.");
  show();
}

function enter(chat) {
  const device = phone(chat.id);
  devices.set(String(chat.id), device);
  stage.insertBefore(device.node, mail.node);
  const isAdviser = chat.kind === "private" && state.people.find((one) => one.id === chat.person)?.role === "adviser";
  if (!isAdviser) visible.add(String(chat.id));
}

function leave(key) {
  devices.get(key).node.remove();
  for (const one of [devices, visible, seen]) one.delete(key);
}

/** Show who is on stage and keep the bar of names up to date. */
function show() {
  const all = [...state.chats.map(named), { key: "mail", name: "Post", role: "mail", count: state.mails.length }];
  if (narrow.matches && visible.size > 1) [...visible].filter((key) => key !== all.find((one) => visible.has(one.key)).key).forEach((key) => visible.delete(key));
  for (const { key, count } of all) {
    devices.get(key).node.hidden = !visible.has(key);
    if (visible.has(key) || !seen.has(key)) seen.set(key, count);
  }
  keyed(cast, all.map((one) => ({ ...one, isVisible: visible.has(one.key), unread: one.count - seen.get(one.key) })), (one) => one.key, chip);
  keyed(skip, all.filter((one) => visible.has(one.key)), (one) => one.key, ({ key, name }) => h("button", { type: "button", onclick: () => devices.get(key).focus() }, `Zu ${name}`));
}

function named(chat) {
  const person = state.people.find((one) => one.id === chat.person);
  const isPrivate = chat.kind === "private";
  return { key: String(chat.id), name: isPrivate ? person.name : chat.title, role: isPrivate ? person.role : "group", count: chat.messages.length };
}

function chip({ key, name, role, isVisible, unread }) {
  return h(
    "button", { type: "button", "aria-pressed": String(isVisible), onclick: () => toggle(key) },
    h("span", { class: "picture", "data-role": role, "aria-hidden": "true" }, role === "mail" ? icon("mail") : initials(name)),
    name, unread > 0 ? h("span", { class: "badge" }, unread, spoken(" neu")) : null,
  );
}

function toggle(key) {
  if (narrow.matches) {
    visible.clear();
    openPanel(false);
    visible.add(key);
  } else if (!visible.delete(key)) visible.add(key);
  show();
  if (visible.has(key)) devices.get(key).node.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function openPanel(isOpen) {
  side.hidden = !isOpen;
  panelSwitch.setAttribute("aria-expanded", isOpen);
  document.body.classList.toggle("with-panel", isOpen);
}

function useTheme(name) {
  document.documentElement.dataset.theme = name;
  themeSwitch.setAttribute("aria-pressed", name === "dark");
}

panelSwitch.addEventListener("click", () => openPanel(side.hidden));
themeSwitch.addEventListener("click", () => {
  useTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  localStorage.setItem("theme", document.documentElement.dataset.theme);
});
dark.addEventListener("change", () => localStorage.getItem("theme") ?? useTheme(dark.matches ? "dark" : "light"));
narrow.addEventListener("change", () => state && show());

useTheme(localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light"));
openPanel(!narrow.matches);
follow(draw, (isConnected) => {
  if (!isConnected) setText(connection, "Die Verbindung ist unterbrochen. Sie wird von selbst wieder aufgebaut.");
});

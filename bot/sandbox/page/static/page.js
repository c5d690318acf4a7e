/** Assembles the page and redraws the state on every change. */

import { cast } from "./cast.js";
import { chips } from "./chips.js";
import { setText } from "./dom.js";
import { frame, openPanel } from "./frame.js";
import { mailbox } from "./mail.js";
import { anchor } from "./message.js";
import { panel } from "./panel.js";
import { phone } from "./phone.js";
import { attempt, follow, post } from "./state.js";
import { storyBar } from "./stories.js";
import { LANG, t } from "./texts.js";
import { undoBar } from "./undo.js";
import { welcome } from "./welcome.js";

const [stage, names, skip, connection] = ["stage", "cast", "skip", "connection"].map(byId);
const [side, story, past, status, about, help] = ["panel", "story", "undo", "status", "welcome", "help"].map(byId);

frame();
const mail = mailbox();
stage.append(mail.node);
const devices = new Map([["mail", mail]]); // what can be shown, by key
const tabs = panel(side, goTo);
const who = cast(names, skip, stage, devices);
const parts = [mail, storyBar(story), undoBar(past), tabs, chips(status, controls), who];
parts.push(welcome(about, help, () => stage.querySelector(".phone:not([hidden]) textarea").focus()));

function byId(id) {
  return document.getElementById(id);
}

function controls() {
  openPanel(true);
  tabs.show("tools");
}

/** Shows a message in its chat. */
function goTo(chat, message) {
  who.reveal(String(chat));
  document.getElementById(anchor(chat, message))?.focus();
}

function draw(state) {
  state.isRestarted = isRestarted(state);
  const keys = new Set(["mail", ...state.chats.map((chat) => String(chat.id))]);
  for (const key of devices.keys()) if (!keys.has(key)) leave(key);
  for (const chat of state.chats) enter(chat).update(chat, state);
  for (const part of parts) part.update(state);
  setText(connection, state.bot.ready ? "" : t("waking"));
}

/** Whether the sandbox in which chats were last seen here has ended, and nobody has written in this one. */
function isRestarted({ started, chats }) {
  const isUsed = chats.some(({ person, messages }) => person && messages.length > 0);
  if (isUsed) localStorage.setItem("used", started);
  const used = localStorage.getItem("used");
  return used !== null && used !== String(started);
}

function enter(chat) {
  const key = String(chat.id);
  if (!devices.has(key)) {
    devices.set(key, phone(chat.id));
    stage.insertBefore(devices.get(key).node, mail.node);
  }
  return devices.get(key);
}

function leave(key) {
  devices.get(key).node.remove();
  devices.delete(key);
}

attempt(() => post("lang", { lang: LANG }));
follow(draw, (isConnected) => {
  if (!isConnected) setText(connection, t("disconnected"));
});

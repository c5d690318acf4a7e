/** Assembles the page and redraws the state on every change. */

import { cast } from "./cast.js";
import { chips } from "./chips.js";
import { setText } from "./dom.js";
import { frame, openPanel } from "./frame.js";
import { mailbox } from "./mail.js";
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
const tabs = panel(side);
const parts = [mail, storyBar(story), undoBar(past), tabs, chips(status, controls), cast(names, skip, stage, devices)];
parts.push(welcome(about, help, () => stage.querySelector(".phone:not([hidden]) textarea").focus()));

function byId(id) {
  return document.getElementById(id);
}

function controls() {
  openPanel(true);
  tabs.show("tools");
}

function draw(state) {
  const keys = new Set(["mail", ...state.chats.map((chat) => String(chat.id))]);
  for (const key of devices.keys()) if (!keys.has(key)) leave(key);
  for (const chat of state.chats) enter(chat).update(chat, state);
  for (const part of parts) part.update(state);
  setText(connection, state.bot.ready ? "" : t("waking"));
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

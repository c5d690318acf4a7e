/** Assembles the page and redraws the state on every change. */

import { cast } from "./cast.js";
import { setText } from "./dom.js";
import { frame } from "./frame.js";
import { mailbox } from "./mail.js";
import { panel } from "./panel.js";
import { phone } from "./phone.js";
import { follow } from "./state.js";
import { storyBar } from "./stories.js";
import { t } from "./texts.js";

const [stage, names, skip, connection, side, bar] = ["stage", "cast", "skip", "connection", "panel", "story"].map(
  (id) => document.getElementById(id),
);

frame();
const mail = mailbox();
stage.append(mail.node);
const devices = new Map([["mail", mail]]); // what can be shown, by key
const parts = [mail, storyBar(bar), panel(side), cast(names, skip, devices)];

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

follow(draw, (isConnected) => {
  if (!isConnected) setText(connection, t("disconnected"));
});

/** The bar of names, with the number of new messages of those that are not visible. */

import { button, h, icon, keyed, spoken } from "./dom.js";
import { narrow, openPanel } from "./frame.js";
import { t } from "./texts.js";
import { initials } from "./words.js";

/** The bar; ``devices`` maps keys to what can be shown. */
export function cast(node, skip, devices) {
  const visible = new Set();
  const seen = new Map(); // key -> number of messages when it was last visible
  let all = [];
  let story = null;

  function update(state) {
    all = [...state.chats.map((chat) => named(chat, state.people)), mail(state)];
    for (const one of all) if (!seen.has(one.key)) enter(one);
    for (const key of seen.keys()) if (!devices.has(key)) leave(key);
    if (state.story) follow(!story);
    story = state.story;
    show();
  }

  function enter({ key, count, isShy }) {
    seen.set(key, count);
    if (!isShy) visible.add(key);
  }

  function leave(key) {
    visible.delete(key);
    seen.delete(key);
  }

  /** A story shows the phone on which something happens. */
  function follow(began) {
    const moved = all.filter((one) => one.count > seen.get(one.key)).at(-1);
    if (narrow.matches && began) openPanel(false);
    if (narrow.matches && moved) only(moved.key);
    else if (moved) bring(moved.key);
  }

  function bring(key) {
    devices.get(key).node.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function only(key) {
    visible.clear();
    visible.add(key);
  }

  function show() {
    if (narrow.matches && visible.size > 1) only(all.find((one) => visible.has(one.key)).key);
    for (const { key, count } of all) {
      devices.get(key).node.hidden = !visible.has(key);
      if (visible.has(key) || seen.get(key) > count) seen.set(key, count);
    }
    const chips = all.map((one) => ({
      ...one,
      isVisible: visible.has(one.key),
      unread: one.count - seen.get(one.key),
    }));
    keyed(node, chips, chip);
    const targets = chips.filter((one) => one.isVisible);
    keyed(skip, targets, jump);
  }

  function chip({ key, name, role, isVisible, unread }) {
    const face = role === "mail" ? icon("mail") : initials(name);
    return button(
      [
        h("span", { class: "picture", "data-role": role, "aria-hidden": "true" }, face),
        h("span", { class: "name" }, name),
        unread > 0 ? h("span", { class: "badge" }, unread, spoken(` ${t("new")}`)) : null,
      ],
      () => toggle(key),
      { "aria-pressed": String(isVisible) },
    );
  }

  function jump({ key, name }) {
    return button(t("cast.jump", { name }), () => devices.get(key).focus());
  }

  function toggle(key) {
    if (narrow.matches) {
      only(key);
      openPanel(false);
    } else if (!visible.delete(key)) visible.add(key);
    show();
    if (visible.has(key)) bring(key);
  }

  narrow.addEventListener("change", show);
  return { update };
}

function named(chat, people) {
  const person = people.find((one) => one.id === chat.person);
  const key = String(chat.id);
  const count = chat.messages.length;
  if (!person) return { key, count, name: chat.title, role: "group", isShy: false };
  return { key, count, name: person.name, role: person.role, isShy: person.role === "adviser" };
}

function mail(state) {
  return { key: "mail", name: t("mail.title"), role: "mail", count: state.mails.length, isShy: false };
}

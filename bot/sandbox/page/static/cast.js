/** The bar of names, with the number of new messages of those that are not visible. */

import { button, h, icon, keyed, spoken } from "./dom.js";
import { narrow, openPanel, wide } from "./frame.js";
import { bring, fitting, stage } from "./stage.js";
import { t } from "./texts.js";
import { initials } from "./words.js";

const FIRST = ["organisation", "group", "newcomer", "mail"]; // who is shown where not all fit; advisers are last

/** The bar; ``devices`` maps keys to what can be shown in ``row``. */
export function cast(node, skip, row, devices) {
  const visible = new Set(); // the one shown longest first
  const seen = new Map(); // key -> number of messages when it was last visible
  let all = [];
  let story = null;
  let isChosen = false; // by hand or by a story, no longer by the width of the window

  function update(state) {
    all = [...state.chats.map((chat) => named(chat, state.people)), mail(state)];
    const isChanged = all.some((one) => !seen.has(one.key));
    for (const { key, count } of all) if (!seen.has(key)) seen.set(key, count);
    for (const key of seen.keys()) if (!devices.has(key)) leave(key);
    if (isChanged && !isChosen) arrange();
    if (state.story) follow(state.story);
    story = state.story;
    show();
  }

  function leave(key) {
    visible.delete(key);
    seen.delete(key);
  }

  /** Shows as many as fit. */
  function arrange() {
    const rank = ({ role, isGuest }) => (isGuest || !FIRST.includes(role) ? FIRST.length : FIRST.indexOf(role));
    const shown = all.filter((one) => rank(one) < FIRST.length).sort((one, other) => rank(one) - rank(other));
    visible.clear();
    for (const { key } of shown.slice(0, narrow.matches ? 1 : fitting(row))) visible.add(key);
  }

  /** A story shows the phone on which something happens. */
  function follow(now) {
    if (!story && !wide.matches) openPanel(false);
    if (!now.chat || (story?.chat === now.chat && story?.step === now.step)) return;
    isChosen = true;
    const key = String(now.chat);
    if (narrow.matches) only(key);
    else if (!visible.has(key)) {
      while (visible.size >= fitting(row)) visible.delete([...visible].find((one) => one !== String(story?.chat)));
      visible.add(key);
    }
    show();
    bring(devices.get(key).node);
  }

  function only(key) {
    visible.clear();
    visible.add(key);
  }

  function show() {
    if (narrow.matches && visible.size > 1) only([...visible].at(-1));
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
    isChosen = true;
    if (narrow.matches) {
      only(key);
      openPanel(false);
    } else if (isOutside(key)) bring(devices.get(key).node);
    else if (!visible.delete(key)) visible.add(key);
    show();
    if (visible.has(key)) bring(devices.get(key).node);
  }

  /** Whether a phone is shown, but beyond the edge of the row. */
  function isOutside(key) {
    if (!visible.has(key)) return false;
    const [phone, frame] = [devices.get(key).node, row].map((one) => one.getBoundingClientRect());
    return phone.left < frame.left - 1 || phone.right > frame.right + 1;
  }

  function adapt() {
    if (!isChosen) arrange();
    show();
  }

  narrow.addEventListener("change", adapt);
  stage(row, adapt);
  /** Shows a phone, wherever it is. */
  function reveal(key) {
    isChosen = true;
    if (!wide.matches) openPanel(false);
    visible.add(key);
    show();
    bring(devices.get(key).node);
  }

  return { update, reveal };
}

function named(chat, people) {
  const person = people.find((one) => one.id === chat.person);
  const key = String(chat.id);
  const count = chat.messages.length;
  if (!person) return { key, count, name: chat.title, role: "group" };
  return { key, count, name: person.name, role: person.role, isGuest: person.added };
}

function mail(state) {
  return { key: "mail", name: t("mail.title"), role: "mail", count: state.mails.length };
}

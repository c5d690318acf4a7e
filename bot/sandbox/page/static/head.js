/** The head of a phone: whose it is, whether the bot is writing, and a menu. */

import { button, h, menu, setText } from "./dom.js";
import { attempt, post } from "./state.js";
import { t } from "./texts.js";
import { initials } from "./words.js";

/** The head; ``topic`` returns the open topic. */
export function head(titleId, topic) {
  const title = h("h2", { id: titleId });
  const subtitle = h("p", { class: "subtitle" });
  const picture = h("span", { class: "picture", "aria-hidden": "true" });
  const block = button("", () => attempt(() => post(owner.blocked ? "unblock" : "block", { person: owner.id })));
  const remove = button(t("head.delete"), () => attempt(() => post("topic/delete", { topic: topic() })));
  const more = menu(t("more"), "more", [block, remove]);
  const node = h("header", picture, h("div", title, subtitle), more);
  let owner = null; // of a private chat

  function update(chat, person) {
    owner = person;
    const name = person?.name ?? chat.title;
    const about = t(person ? `role.${person.role}` : "head.group");
    setText(title, name);
    setText(subtitle, chat.typing ? t("head.typing") : about);
    setText(picture, initials(name));
    picture.dataset.role = person?.role ?? "group";
    setText(block, t(person?.blocked ? "head.unblock" : "head.block"));
    block.hidden = !person;
    remove.hidden = Boolean(person);
    more.hidden = !person && topic() === null;
  }

  return { node, update };
}

/** The head of a phone: whose it is, whether the bot is writing, and a menu. */

import { button, h, keyed, menu, setText } from "./dom.js";
import { attempt, post } from "./state.js";
import { t } from "./texts.js";
import { initials } from "./words.js";

/** The head; ``topic`` returns the open topic. */
export function head(titleId, topic) {
  const title = h("span", { id: titleId, class: "spoken" });
  const partner = h("span", { class: "partner" });
  const heading = h("h2", title, partner);
  const subtitle = h("p", { class: "subtitle" });
  const picture = h("span", { class: "picture", "aria-hidden": "true" });
  const block = button("", () => attempt(() => post(owner.blocked ? "unblock" : "block", { person: owner.id })));
  const remove = button(t("head.delete"), () => attempt(() => post("topic/delete", { topic: topic() })));
  const test = button(t("head.test"), () => h("a", { href: `/api/test/${owner.id}`, download: "" }).click());
  const more = menu(t("more"), "more", [block, test, remove]);
  const node = h("header", picture, h("div", heading, subtitle), more);
  let owner = null; // of a private chat

  function update(chat, person, botName) {
    owner = person;
    const name = person?.name ?? chat.title;
    const about = t(person ? `role.${person.role}` : "head.group");
    setText(title, name);
    keyed(partner, [{ id: "names", from: person?.name.split(" ")[0], to: person ? botName : chat.title }], names);
    setText(subtitle, chat.typing ? t("head.typing") : person ? `${name} · ${about}` : about);
    setText(picture, initials(name));
    picture.dataset.role = person?.role ?? "group";
    setText(block, t(person?.blocked ? "head.unblock" : "head.block"));
    block.hidden = !person;
    test.hidden = !person || chat.messages.length === 0;
    remove.hidden = Boolean(person);
    more.hidden = !person && topic() === null;
  }

  return { node, update };
}

/** Who writes to whom. */
function names({ from, to }) {
  const who = from ? [h("bdi", from), " → "] : null;
  return h("span", { "aria-hidden": "true" }, who, to, from ? h("small", { class: "tag" }, "Bot") : null);
}

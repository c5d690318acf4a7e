/** What is always visible of the simulation: the bot's clock, and the faults that are still to come. */

import { button, h, icon, iconButton, keyed, setText } from "./dom.js";
import { attempt, post } from "./state.js";
import { t } from "./texts.js";
import { briefDuration, duration, stamp } from "./words.js";

const TICK = 5_000; // milliseconds

/** Fills the node; ``showControls`` opens the tab in which both can be changed. */
export function chips(node, showControls) {
  const time = h("time", {});
  const ahead = h("strong", { hidden: true });
  const clock = button([icon("clock"), time, ahead], showControls, { class: "chip" });
  const faults = h("span", { class: "faults", role: "status" });
  let hours = 0; // by which the bot's clock is ahead
  node.append(clock, faults);
  setInterval(tick, TICK);

  function tick() {
    setText(time, stamp(Date.now() / 1000 + hours * 3600));
  }

  return {
    update(state) {
      hours = state.bot.clock;
      ahead.hidden = !hours;
      clock.classList.toggle("is-on", Boolean(hours));
      setText(ahead, hours ? `+ ${briefDuration(hours)}` : "");
      clock.title = hours ? t("clock.ahead", { duration: duration(hours) }) : t("clock.right");
      tick();
      keyed(faults, state.faults.map((fault, place) => ({ ...fault, key: place })), draw);
    },
  };

  function draw({ kind, method, times }) {
    const title = t("fault.chip", { times, kind: t(`fault.${kind}`), method: method || t("fault.any") });
    const what = [`${times} × ${t(`brief.${kind}`)}`, method].filter(Boolean).join(" · ");
    return h("span", { class: "chip is-on is-bad", title }, button([icon("fault"), h("span", what)], showControls), end());
  }
}

function end() {
  return iconButton("close", t("fault.end"), () => attempt(() => post("fault", { kind: "none" })));
}

/** Communication with the server; the page itself keeps no state except what is being typed. */

import { LANG, t } from "./texts.js";

/** Gets something from the server; throws its sentence if it refuses. */
export async function get(address) {
  return answered(await fetch(address, { headers: { "Accept-Language": LANG } }));
}

/** Changes something on the server. */
export async function post(action, body) {
  const headers = { "Content-Type": "application/json", "Accept-Language": LANG };
  return answered(await fetch(`/api/${action}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answered(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.error ?? `${response.status} ${response.statusText}`);
  return body;
}

/** Does something that may be refused; a refusal is told and has no other effect. */
export async function attempt(action, tell = notice) {
  try {
    return await action();
  } catch (refused) {
    tell(refused instanceof TypeError ? t("disconnected") : refused.message); // a TypeError is the network's
    return null;
  }
}

/** Shows a notice to the user of the page. */
export function notice(text) {
  const place = document.getElementById("notice");
  place.textContent = text;
  place.classList.remove("fades");
  void place.offsetWidth; // restarts the animation
  place.classList.add("fades");
}

/** Draws the state now and on every change; simultaneous changes are drawn once. */
export function follow(draw, connected) {
  let changed = false;
  let loading = false;
  let drawn = null; // the revision drawn last

  async function load() {
    changed = true;
    if (loading) return;
    loading = true;
    while (changed) {
      changed = false;
      const state = await get("/api/state").catch(() => null); // the next event or a reconnection retries
      if (state) draw(state);
      drawn = state?.revision;
    }
    loading = false;
  }

  const events = new EventSource("/api/events");
  events.onmessage = (event) => Number(event.data) !== drawn && load();
  events.onopen = () => {
    connected(true);
    load();
  };
  events.onerror = () => connected(false);
}

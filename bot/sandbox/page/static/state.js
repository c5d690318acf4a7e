/** What the server says and what we ask of it; the page keeps no state of its own besides what is being typed. */

/** Ask the server for something; where it refuses, its sentence is thrown. */
export async function get(address) {
  return answered(await fetch(address));
}

/** Change something. */
export async function post(action, body) {
  const headers = { "Content-Type": "application/json" };
  return answered(await fetch(`/api/${action}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answered(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.error ?? `${response.status} ${response.statusText}`);
  return body;
}

/** Do something that may be refused; the refusal is shown and nothing else happens. */
export async function attempt(action) {
  try {
    return await action();
  } catch (refused) {
    notice(refused.message);
    return null;
  }
}

/** Say something to whoever sits before the page. */
export function notice(text) {
  const place = document.getElementById("notice");
  place.textContent = text;
  place.classList.remove("fades");
  void place.offsetWidth; // starts the fading anew
  place.classList.add("fades");
}

/** Draw the state now and whenever it changed; many changes at once are drawn once. */
export function follow(draw, connected) {
  let changed = false;
  let loading = false;
  let drawn = null; // the revision of what is drawn

  async function load() {
    changed = true;
    if (loading) return;
    loading = true;
    while (changed) {
      changed = false;
      const state = await get("/api/state").catch(() => null); // the next event or the reconnection loads again
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

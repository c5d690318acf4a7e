/** The row of phones: shows at its edges whether there are more, and brings whatever is focused into view. */

const MIN_WIDTH = 300; // pixels of a phone
const GAP = 12; // as in frame.css
const EDGE = 4;

/** How many phones fit without a cut one. */
export function fitting(stage) {
  return Math.max(Math.floor((stage.clientWidth - 20 + GAP) / (MIN_WIDTH + GAP)), 1);
}

/** Connects the row; ``resized`` is called when more or fewer phones fit. */
export function stage(node, resized) {
  let fits = 0;

  function mark() {
    const [left, right] = [node.scrollLeft, node.scrollWidth - node.clientWidth - node.scrollLeft];
    node.parentElement.dataset.more = `${left > EDGE ? "left" : ""} ${right > EDGE ? "right" : ""}`;
  }

  function measure() {
    mark();
    if (fitting(node) === fits) return;
    fits = fitting(node);
    node.style.setProperty("--fit", fits);
    resized();
  }

  node.addEventListener("scroll", mark, { passive: true });
  node.addEventListener("focusin", ({ target }) => bring(target.closest(".phone")));
  new ResizeObserver(measure).observe(node);
  new MutationObserver(mark).observe(node, { attributes: true, attributeFilter: ["hidden"], subtree: true });
}

/** Scrolls a phone into view. */
export function bring(phone) {
  phone?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Small surfaces that hang from a control: lists, menus, calendars.

const GAP = 4;
const EDGE = 8;

/** Show `node` (already in the document, hidden) beside `anchor`; returns a function that hides it again. */
export function openPopup(anchor, node, { onClose, width = "anchor", most = 360 } = {}) {
  node.hidden = false;
  const place = () => placeAt(anchor, node, { width, most });
  const outside = (event) => {
    if (!node.contains(event.target) && !anchor.contains(event.target)) close();
  };
  let open = true;
  function close() {
    if (!open) return;
    open = false;
    node.hidden = true;
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", place);
    document.removeEventListener("scroll", place, true);
    onClose?.();
  }
  document.addEventListener("pointerdown", outside, true);
  window.addEventListener("resize", place);
  document.addEventListener("scroll", place, true);
  place();
  return { close, place };
}

function placeAt(anchor, node, { width, most }) {
  const box = anchor.getBoundingClientRect();
  if (width === "anchor") node.style.width = `${Math.max(box.width, 200)}px`;
  node.style.maxHeight = "";
  const below = window.innerHeight - box.bottom - GAP - EDGE;
  const above = box.top - GAP - EDGE;
  const wanted = Math.min(node.scrollHeight + 2, most);
  const upward = below < wanted && above > below;
  node.style.maxHeight = `${Math.max(120, Math.min(most, upward ? above : below))}px`;
  const size = node.getBoundingClientRect();
  const left = Math.max(EDGE, Math.min(box.left, window.innerWidth - size.width - EDGE));
  node.style.left = `${left}px`;
  node.style.top = upward ? `${box.top - GAP - size.height}px` : `${box.bottom + GAP}px`;
}

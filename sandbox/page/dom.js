// Elements are built here and nowhere by markup strings: text from people only ever becomes a text node.

/** Build an element; `props` are attributes, plus `class`, `data` (data-*), `on` (listeners) and `prop` (properties). */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "data") setData(node, value);
    else if (name === "on")
      for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else if (name === "prop") Object.assign(node, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

function setData(node, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined) node.setAttribute(`data-${name}`, String(value));
  }
}

/** Append strings (as text), nodes and nested lists of them; nothing for null and false. */
export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** Replace what is inside a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

let lastId = 0;

/** An id that is unique in the page, for aria-controls and its kind. */
export function uniqueId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/** Say which control has the focus, in words that survive a new drawing (block and action id). */
export function focusMark(root) {
  const active = document.activeElement;
  if (!active || !root.contains(active)) return null;
  const holder = active.closest("[data-action-id]");
  if (!holder || !root.contains(holder)) return null;
  const focusable = [...holder.querySelectorAll(FOCUSABLE)];
  return {
    block: blockOf(holder),
    action: holder.getAttribute("data-action-id"),
    index: holder === active ? -1 : focusable.indexOf(active),
    start: selection(active, "selectionStart"),
    end: selection(active, "selectionEnd"),
  };
}

const blockOf = (node) => node.closest("[data-block-id]")?.getAttribute("data-block-id") ?? null;

function selection(node, name) {
  try {
    return node[name] ?? null;
  } catch {
    return null; // some input types have no selection
  }
}

/** Give the focus back to the control that `focusMark` described; false when it is gone. */
export function restoreFocus(root, mark) {
  if (!mark) return false;
  const same = [...root.querySelectorAll("[data-action-id]")].filter(
    (node) => node.getAttribute("data-action-id") === mark.action,
  );
  // An app that names no blocks gets new block ids with every version.
  const holder =
    same.find((node) => blockOf(node) === mark.block) ?? (same.length === 1 ? same[0] : undefined);
  if (!holder) return false;
  const target = mark.index < 0 ? holder : (holder.querySelectorAll(FOCUSABLE)[mark.index] ?? holder);
  target.focus({ preventScroll: true });
  if (mark.start !== null && target.setSelectionRange) {
    try {
      target.setSelectionRange(mark.start, mark.end);
    } catch {
      // an input type without a selection keeps its own caret
    }
  }
  return true;
}

export const FOCUSABLE =
  'a[href], button:not([disabled]), input:not([disabled]), textarea:not([disabled]), select:not([disabled]), [tabindex]:not([tabindex="-1"])';

/** Arrow keys move among `items()`, which share one tab stop. */
export function roving(container, items, { horizontal = false } = {}) {
  const [back, forth] = horizontal ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  container.addEventListener("keydown", (event) => {
    const all = items();
    const here = all.indexOf(document.activeElement);
    if (here < 0) return;
    const next = { [back]: here - 1, [forth]: here + 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || !all[next]) return;
    event.preventDefault();
    moveTabStop(all, all[next]);
    all[next].focus();
  });
  container.addEventListener("focusin", (event) => {
    const all = items();
    if (all.includes(event.target)) moveTabStop(all, event.target);
  });
}

/** Make one of the items the tab stop of its group. */
export function moveTabStop(all, chosen) {
  for (const item of all) item.tabIndex = item === chosen ? 0 : -1;
}

// What lies over the page: modals, confirmations, the switcher. One is on top; everything below it is out of reach.
import { FOCUSABLE, h } from "./dom.js";

const stack = [];
const root = () => document.getElementById("layers");
const app = () => document.getElementById("app");

/** Put a dialog over the page. Returns {close, node}; `onEscape` runs on Esc, `focus` says where to begin. */
export function openLayer(dialog, { onEscape, onBackdrop, focus, kind = "modal" } = {}) {
  const backdrop = h("div", { class: `backdrop backdrop-${kind}` }, dialog);
  const layer = {
    backdrop,
    dialog,
    onEscape,
    opener: document.activeElement,
    openerMark: markOf(document.activeElement),
  };
  if (onBackdrop) {
    backdrop.addEventListener("mousedown", (event) => {
      if (event.target === backdrop) onBackdrop();
    });
  }
  backdrop.addEventListener("keydown", (event) => keepInside(event, layer));
  stack.push(layer);
  root().append(backdrop);
  shade();
  (focus?.() ?? firstFocusable(dialog))?.focus();
  return { node: dialog, close: () => closeLayer(layer) };
}

/** Whether anything lies over the page. */
export const covered = () => stack.length > 0;

/** The place where pop-ups must be put to be reachable now. */
export const topmost = () => stack.at(-1)?.backdrop ?? document.body;

function closeLayer(layer) {
  const index = stack.indexOf(layer);
  if (index < 0) return;
  stack.splice(index, 1);
  const hadFocus =
    layer.backdrop.contains(document.activeElement) || document.activeElement === document.body;
  layer.backdrop.remove();
  shade();
  if (hadFocus) backTo(layer);
}

// The control that opened a layer may have been drawn anew meanwhile.
function backTo(layer) {
  if (layer.opener?.isConnected) return layer.opener.focus();
  const again = layer.openerMark && document.querySelector(layer.openerMark);
  return (again ?? document.querySelector("[data-testid=composer-input]"))?.focus();
}

function markOf(node) {
  const holder = node?.closest?.("[data-action-id]");
  const scope = node?.closest?.("[data-ts]")?.getAttribute("data-ts");
  if (!holder) return null;
  const within = scope ? `[data-ts="${CSS.escape(scope)}"] ` : "";
  return `${within}[data-action-id="${CSS.escape(holder.getAttribute("data-action-id"))}"]`;
}

function shade() {
  app().inert = stack.length > 0;
  stack.forEach((layer, index) => {
    layer.backdrop.inert = index < stack.length - 1;
  });
  document.documentElement.classList.toggle("covered", stack.length > 0);
}

function firstFocusable(dialog) {
  return dialog.querySelector("[autofocus]") ?? dialog.querySelector(FOCUSABLE) ?? dialog;
}

function keepInside(event, layer) {
  if (event.key === "Escape" && !event.defaultPrevented) {
    event.preventDefault();
    event.stopPropagation();
    layer.onEscape?.();
  }
  if (event.key !== "Tab") return;
  const all = [...layer.dialog.querySelectorAll(FOCUSABLE)].filter(
    (node) => node.offsetParent !== null && node.tabIndex >= 0,
  );
  if (!all.length) return event.preventDefault();
  const edge = event.shiftKey ? all[0] : all.at(-1);
  const other = event.shiftKey ? all.at(-1) : all[0];
  if (document.activeElement === edge || !layer.dialog.contains(document.activeElement)) {
    event.preventDefault();
    other.focus();
  }
}

// Buttons and overflow menus: elements that hold nothing and only act.
import { h, moveTabStop, roving } from "./dom.js";
import { icon } from "./icons.js";
import { textObject } from "./mrkdwn.js";
import { openPopup } from "./popup.js";

/** A button, or a link that looks and acts like one. */
export function button(element, slot) {
  const style = { primary: "btn primary", danger: "btn danger" }[element.style] ?? "btn";
  const url = /^https?:\/\//i.test(element.url ?? "") ? element.url : null;
  const node = h(
    url ? "a" : "button",
    {
      class: style,
      ...(url
        ? { href: url, target: "_blank", rel: "noopener noreferrer", role: "button" }
        : { type: "button" }),
      "data-action-id": element.action_id,
      "aria-label": element.accessibility_label ?? null,
    },
    h("span", { class: "btn-text" }, textObject(element.text)),
    url ? icon("link", { size: 14 }) : null,
  );
  node.addEventListener("click", () => {
    if (node.getAttribute("aria-busy") !== "true") slot.surface.act(slot.blockId, element, undefined, node);
  });
  return node;
}

/** A button with a menu of further actions. */
export function overflow(element, slot) {
  const items = (element.options ?? []).map((option) => overflowItem(option));
  const list = h("div", { class: "popup menu", role: "menu", hidden: true }, items);
  const opener = h(
    "button",
    {
      type: "button",
      class: "btn icon-only",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": "More actions",
      "data-action-id": element.action_id,
    },
    icon("more"),
  );
  let popup = null;
  const close = () => popup?.close();
  const open = () => {
    popup = openPopup(opener, list, {
      width: "own",
      onClose: () => {
        popup = null;
        opener.setAttribute("aria-expanded", "false");
      },
    });
    opener.setAttribute("aria-expanded", "true");
    moveTabStop(items, items[0]);
    items[0]?.focus();
  };
  opener.addEventListener("click", () => (popup ? close() : open()));
  opener.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || popup) return;
    event.preventDefault();
    open();
  });
  roving(list, () => items);
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Tab") return;
    if (event.key === "Escape") event.preventDefault();
    event.stopPropagation();
    close();
    opener.focus();
  });
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[role=menuitem]");
    if (!item) return;
    close();
    opener.focus();
    slot.surface.act(slot.blockId, element, element.options[items.indexOf(item)], opener);
  });
  return h("span", { class: "overflow-wrap" }, opener, list);
}

function overflowItem(option) {
  const url = /^https?:\/\//i.test(option.url ?? "") ? option.url : null;
  const words = [
    h("span", {}, textObject(option.text)),
    option.description ? h("span", { class: "list-description" }, textObject(option.description)) : null,
  ];
  const shared = { role: "menuitem", class: "list-row", "data-value": option.value };
  return url
    ? h(
        "a",
        { ...shared, href: url, target: "_blank", rel: "noopener noreferrer" },
        h("span", { class: "list-words" }, words),
      )
    : h("button", { ...shared, type: "button" }, h("span", { class: "list-words" }, words));
}

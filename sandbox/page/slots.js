// What every interactive element shares: its place in a block, its names for assistive technology, what a change does.
import { shortcodeAt } from "./emoji.js";
import { decoded } from "./mrkdwn.js";

/** The attributes that name an element for scripts and for assistive technology. */
export function attributesOf(element, slot) {
  return {
    "data-action-id": element.action_id,
    "aria-labelledby": slot.labelled ?? null,
    "aria-label": slot.labelled ? null : text(element.placeholder) || spoken(element.type),
    "aria-describedby": slot.described ?? null,
    "aria-invalid": slot.invalid ? "true" : null,
    "aria-required": slot.required ? "true" : null,
    autofocus: element.focus_on_load === true,
  };
}

const spoken = (type) =>
  type
    .replace(/^multi_/, "")
    .replaceAll("_", " ")
    .replace("static ", "")
    .replace("external ", "");

/** A plain text object as a string, for places that hold no elements. */
export function text(object) {
  if (!object?.text) return "";
  const words = object.text.replace(/:[a-z0-9_+-]+:/g, (code) => shortcodeAt(code, 0)?.glyph ?? code);
  return decoded(words);
}

/** A change: kept in the surface; sent at once outside a form, or inside one that asks for it. */
export function changed(element, slot, value, { node, settled = true } = {}) {
  slot.surface.set(slot.blockId, element, value);
  if (!settled) return undefined;
  if (slot.inInput) return element.dispatch ? slot.surface.dispatch(slot.blockId, element, value) : undefined;
  return slot.surface.act(slot.blockId, element, value, node);
}

/** The city of an IANA zone. */
export const zoneName = (name) => name.split("/").at(-1).replaceAll("_", " ");

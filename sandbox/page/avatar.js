// Pictures of people: their initials on a colour of their own, steady from visit to visit.
import { h } from "./dom.js";
import { initials } from "./store.js";

const COLOURS = [
  "#7a4b9e",
  "#1d6a96",
  "#9a4a2f",
  "#2f6b45",
  "#8a3a66",
  "#5a5f1f",
  "#3f55a3",
  "#84521a",
  "#1f6b70",
  "#a03a44",
];

function colourOf(key) {
  let sum = 0;
  for (const letter of key) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  return COLOURS[sum % COLOURS.length];
}

/** A square with initials; decorative, since the name stands beside it. */
export function avatar({ id, name, colour, size = 36, app = false }) {
  const node = h(
    "span",
    { class: app ? "avatar avatar-app" : "avatar", "aria-hidden": "true" },
    app ? name.charAt(0).toLocaleUpperCase() : initials(name),
  );
  node.style.setProperty("--avatar-size", `${size}px`);
  const given = /^#?([0-9a-f]{6})$/i.exec(colour ?? "");
  node.style.backgroundColor = given ? `#${given[1]}` : app ? "#0f6b62" : colourOf(id ?? name);
  return node;
}

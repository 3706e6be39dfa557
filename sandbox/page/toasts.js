// Short notices at the edge: what Slack would tell this person, and what the page itself has to say.
import { h } from "./dom.js";
import { icon } from "./icons.js";

const STAY_MS = 12_000;
const MOST = 4;

/** Show a notice; `level` is "error" or "info". It goes by itself, but not while somebody reads it. */
export function toast(text, { level = "error" } = {}) {
  const home = document.getElementById("toasts");
  const same = [...home.children].find((node) => node.dataset.text === text);
  same?.remove();
  const node = h(
    "div",
    {
      class: `toast toast-${level}`,
      role: level === "error" ? "alert" : "status",
      data: { testid: "toast", text },
    },
    icon(level === "error" ? "warning" : "info"),
    h("p", {}, text),
    h(
      "button",
      { type: "button", class: "quiet", "aria-label": "Dismiss", on: { click: () => node.remove() } },
      icon("close", { size: 16 }),
    ),
  );
  home.append(node);
  while (home.children.length > MOST) home.firstElementChild.remove();
  goLater(node);
}

function goLater(node) {
  let timer = setTimeout(() => node.remove(), STAY_MS);
  const stay = () => clearTimeout(timer);
  const go = () => {
    clearTimeout(timer);
    timer = setTimeout(() => node.remove(), STAY_MS / 3);
  };
  node.addEventListener("mouseenter", stay);
  node.addEventListener("focusin", stay);
  node.addEventListener("mouseleave", go);
  node.addEventListener("focusout", go);
}

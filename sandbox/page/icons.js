// Drawn here so that the page asks nobody for a font or a picture.
const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  hash: "M6.5 3 5 17M14 3l-1.5 14M3.5 7.5h13.5M3 12.5h13.5",
  lock: "M5.5 9h9v7.5h-9zM7.5 9V6.5a2.5 2.5 0 0 1 5 0V9",
  image: "M4 4.5h12v11H4zM4 13l3.5-3.5 3 3 2-2 3.5 3.5M12.5 7.5h.01",
  home: "M3.5 9.5 10 4l6.5 5.5M5.5 8.5V16h9V8.5M8.5 16v-4h3v4",
  chat: "M3.5 5.5A1.5 1.5 0 0 1 5 4h10a1.5 1.5 0 0 1 1.5 1.5v6A1.5 1.5 0 0 1 15 13H9.5L6 16v-3H5a1.5 1.5 0 0 1-1.5-1.5z",
  close: "M5 5l10 10M15 5 5 15",
  down: "M5.5 8l4.5 4.5L14.5 8",
  left: "M12.5 4.5 7 10l5.5 5.5",
  right: "M7.5 4.5 13 10l-5.5 5.5",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  send: "M4 4.5 16.5 10 4 15.5l1.5-5.5zM5.5 10H11",
  eye: "M2.5 10S5 5 10 5s7.5 5 7.5 5-2.5 5-7.5 5-7.5-5-7.5-5zM10 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  reply: "M8 5 4 9l4 4M4 9h7a5 5 0 0 1 5 5v1.5",
  archive: "M3.5 4.5h13v3h-13zM5 7.500V15.500h10V7.500M8 10.500h4",
  menu: "M3.5 5.5h13M3.5 10h13M3.5 14.5h13",
  search: "M9 14A5 5 0 1 0 9 4a5 5 0 0 0 0 10zM12.7 12.7 16.5 16.5",
  calendar: "M4 5.5h12V16H4zM4 8.5h12M7 3.5v3M13 3.5v3",
  clock: "M10 16.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM10 6.5V10l2.5 1.5",
  check: "M4.5 10.5 8.5 14.5 15.5 6",
  warning: "M10 3.5 17.5 16h-15zM10 8.5v3.5M10 14h.01",
  info: "M10 16.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM10 9.5v4M10 6.7h.01",
  people:
    "M7.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 16v-1a3.5 3.5 0 0 1 3.5-3.5h2A3.5 3.5 0 0 1 12 15v1M13 5a2.5 2.5 0 0 1 0 4.5M14 11.7a3.5 3.5 0 0 1 3 3.300v1",
  link: "M8.5 11.5 16 4M11.5 4H16v4.5M13.5 11v5H4V6.5h5",
  at: "M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0zm0 0v1.200a2 2 0 0 0 4 0V10a7 7 0 1 0-3 5.7",
};

/** An inline icon that inherits the text colour; decorative, so hidden from screen readers. */
export function icon(name, { size = 18 } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = {
    viewBox: "0 0 20 20",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
  };
  Object.assign(attributes, {
    "stroke-width": name === "more" ? 2.4 : 1.6,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  });
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, String(value));
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

// Days and times of day: type them or pick them. Days travel as YYYY-MM-DD, times as HH:MM.
import { addDays, clockText, dayText, is24h, locale, today } from "./clock.js";
import { combobox } from "./combobox.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { openPopup } from "./popup.js";

/** A field for a day with a calendar. `value` and what `onChange` gets are YYYY-MM-DD or null. */
export function dayField({ value, placeholder, attributes = {}, clearable = false, onChange }) {
  let chosen = value ?? null;
  const input = h("input", {
    type: "text",
    class: "day-input",
    autocomplete: "off",
    placeholder: placeholder || "Select a date",
    ...attributes,
  });
  const button = h(
    "button",
    { type: "button", class: "quiet", "aria-label": "Open the calendar", "aria-haspopup": "dialog" },
    icon("calendar", { size: 16 }),
  );
  const box = h("div", { class: "field day-field" }, input, button);
  const panel = h("div", {
    class: "popup calendar",
    role: "dialog",
    "aria-label": "Choose a date",
    hidden: true,
  });
  const node = h("div", { class: "day-wrap" }, box, panel);

  const show = () => {
    input.value = chosen
      ? dayText(chosen, { weekday: "short", day: "numeric", month: "short", year: "numeric" })
      : "";
  };
  const take = (day) => {
    const changed = day !== chosen;
    chosen = day;
    show();
    if (changed) onChange(day);
  };
  const settle = () => {
    if (input.value.trim() === "") return clearable || !chosen ? take(null) : show();
    const day = readDay(input.value);
    return day ? take(day) : show();
  };
  const calendar = () => openCalendar({ box, panel, from: chosen ?? today(), chosen, take, back: input });

  input.addEventListener("change", settle);
  input.addEventListener("blur", settle);
  input.addEventListener("focus", () => input.select());
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      calendar();
    }
  });
  button.addEventListener("click", calendar);
  show();
  return node;
}

/** A typed day: ISO, digits in the reader's own order, or with the name of a month; null when it is none. */
export function readDay(text) {
  const iso = /(\d{4})\D(\d{1,2})\D(\d{1,2})/.exec(text);
  if (iso) return valid(iso[1], iso[2], iso[3]);
  const numbers = text.match(/\d+/g) ?? [];
  const month = monthNamed(text);
  if (month) {
    const dayNumber = numbers.find((number) => number.length < 3);
    const year = numbers.find((number) => number.length === 4) ?? today().slice(0, 4);
    return dayNumber ? valid(year, month, dayNumber) : null;
  }
  if (numbers.length < 2) return null;
  const names = dayOrder().filter((name) => numbers.length > 2 || name !== "year");
  const found = Object.fromEntries(names.map((name, index) => [name, numbers[index]]));
  const year = found.year?.length === 2 ? `20${found.year}` : (found.year ?? today().slice(0, 4));
  return valid(year, found.month, found.day);
}

function valid(year, month, day) {
  const text = `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  const read = new Date(`${text}T00:00Z`);
  return !Number.isNaN(read.valueOf()) && read.toISOString().startsWith(text) ? text : null;
}

function dayOrder() {
  const parts = new Intl.DateTimeFormat(locale()).formatToParts(new Date());
  return parts.map((part) => part.type).filter((type) => type !== "literal");
}

function monthNamed(text) {
  const words = text.toLocaleLowerCase().match(/\p{L}{3,}/gu) ?? [];
  for (let month = 1; month <= 12; month += 1) {
    const names = [locale(), "en"].map((tag) =>
      new Intl.DateTimeFormat(tag, { month: "long", timeZone: "UTC" })
        .format(new Date(Date.UTC(2024, month - 1, 15)))
        .toLocaleLowerCase(),
    );
    if (words.some((word) => names.some((name) => name.startsWith(word)))) return month;
  }
  return null;
}

function openCalendar({ box, panel, from, chosen, take, back }) {
  let here = from;
  const popup = openPopup(box, panel, { width: "own" });
  const close = () => {
    popup.close();
    back.focus();
  };
  const go = (day, { focus = true } = {}) => {
    here = day;
    draw();
    if (focus) panel.querySelector(`[data-day="${here}"]`)?.focus();
  };
  const draw = () => {
    fill(
      panel,
      calendarHead(here, (months) => go(addMonths(here, months), { focus: false })),
      calendarGrid(here, chosen),
    );
    popup.place();
  };
  panel.onclick = (event) => {
    const cell = event.target.closest("[data-day]");
    if (!cell) return;
    take(cell.dataset.day);
    close();
  };
  panel.onkeydown = (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") {
      keepIn(event, panel);
    } else if (event.target.dataset.day && event.key in STEPS) {
      event.preventDefault();
      go(STEPS[event.key](here));
    }
  };
  go(here);
}

function keepIn(event, panel) {
  const all = [...panel.querySelectorAll("button")].filter((node) => node.tabIndex >= 0);
  const next = all.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
  event.preventDefault();
  event.stopPropagation();
  all.at(next % all.length)?.focus();
}

const STEPS = {
  ArrowLeft: (day) => addDays(day, -1),
  ArrowRight: (day) => addDays(day, 1),
  ArrowUp: (day) => addDays(day, -7),
  ArrowDown: (day) => addDays(day, 7),
  Home: (day) => addDays(day, -weekday(day)),
  End: (day) => addDays(day, 6 - weekday(day)),
  PageUp: (day) => addMonths(day, -1),
  PageDown: (day) => addMonths(day, 1),
};

function calendarHead(here, turn) {
  const step = (label, name, months) =>
    h(
      "button",
      { type: "button", class: "quiet", "aria-label": label, on: { click: () => turn(months) } },
      icon(name, { size: 16 }),
    );
  return h(
    "div",
    { class: "calendar-head" },
    step("Previous month", "left", -1),
    h("strong", { "aria-live": "polite" }, dayText(here, { month: "long", year: "numeric" })),
    step("Next month", "right", 1),
  );
}

function calendarGrid(here, chosen) {
  const first = `${here.slice(0, 8)}01`;
  const start = addDays(first, -weekday(first));
  const row = (from, cell) => Array.from({ length: 7 }, (_, index) => cell(addDays(from, index)));
  const names = row(start, (day) =>
    h("th", { scope: "col", abbr: dayText(day, { weekday: "long" }) }, dayText(day, { weekday: "narrow" })),
  );
  const weeks = [];
  for (let from = start; from.slice(0, 7) <= here.slice(0, 7); from = addDays(from, 7))
    weeks.push(
      h(
        "tr",
        {},
        row(from, (day) => dayCell(day, here, chosen)),
      ),
    );
  return h(
    "table",
    { role: "grid", class: "calendar-grid" },
    h("thead", {}, h("tr", {}, names)),
    h("tbody", {}, weeks),
  );
}

function dayCell(day, here, chosen) {
  const classes = [
    "day",
    day.slice(0, 7) !== here.slice(0, 7) && "other",
    day === today() && "today",
    day === chosen && "chosen",
  ];
  const button = h(
    "button",
    {
      type: "button",
      class: classes.filter(Boolean).join(" "),
      tabindex: day === here ? "0" : "-1",
      "aria-label": dayText(day, { dateStyle: "full" }),
      data: { day },
    },
    String(Number(day.slice(8))),
  );
  return h("td", { role: "gridcell", "aria-selected": String(day === chosen) }, button);
}

function addMonths(day, months) {
  const [year, month, number] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(number, last))).toISOString().slice(0, 10);
}

// How far a day is into the week, by where the reader's week begins.
function weekday(day) {
  const tag = new Intl.Locale(locale());
  const first = (tag.getWeekInfo?.() ?? tag.weekInfo ?? { firstDay: 1 }).firstDay % 7;
  return (new Date(`${day}T12:00Z`).getUTCDay() - first + 7) % 7;
}

/** A field for a time of day. `value` and what `onChange` gets are HH:MM or null. */
export function timeField({ value, placeholder, attributes = {}, clearable = false, onChange }) {
  const halves = Array.from(
    { length: 48 },
    (_, index) => `${String(Math.floor(index / 2)).padStart(2, "0")}:${index % 2 ? "30" : "00"}`,
  );
  return combobox({
    attributes,
    clearable,
    placeholder: placeholder || "Select a time",
    value: value ? timeChoice(value) : null,
    load: (query) => ({ choices: halves.map(timeChoice).filter((choice) => fitsTime(choice, query)) }),
    typed: (text) => {
      const read = readTime(text);
      return read ? timeChoice(read) : null;
    },
    onChange: (choice) => onChange(choice ? choice.key : null),
  });
}

const timeChoice = (value) => ({ key: value, label: clockText(value), value });

function fitsTime(choice, query) {
  const wanted = query.trim().toLowerCase();
  return (
    wanted === "" ||
    choice.label.toLowerCase().startsWith(wanted) ||
    choice.key.startsWith(wanted.padStart(2, "0"))
  );
}

/** A typed time such as 9, 9:15, 14.05, 930, 2pm; null when it is none. */
export function readTime(text) {
  const found = /^\s*(\d{1,2})(?:[:.h]?(\d{2}))?\s*h?\s*([ap])?\.?m?\.?\s*$/i.exec(text);
  if (!found) return null;
  let hour = Number(found[1]);
  const minute = Number(found[2] ?? 0);
  const half = found[3]?.toLowerCase();
  if (half && (hour < 1 || hour > 12)) return null;
  if (half) hour = (hour % 12) + (half === "p" ? 12 : 0);
  if (hour > 23 || minute > 59) return null;
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

/** What a time field suggests to type, by the reader's habits. */
export const timeHint = () => (is24h() ? "14:30" : "2:30 PM");

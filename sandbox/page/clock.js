// Every time on the page is told on the clock of the person shown, not of the browser: their zone, their 12 or 24 hours.

const person = { tz: "UTC", locale: "en-US" };
const formats = new Map();

/** Show times from now on as this person reads them. */
export function readAs({ tz, locale }) {
  person.tz = tz || "UTC";
  person.locale = supported(locale) ?? "en-US";
  formats.clear();
}

function supported(locale) {
  try {
    return locale ? Intl.DateTimeFormat.supportedLocalesOf([locale])[0] : undefined;
  } catch {
    return undefined;
  }
}

function formatter(options, { tz = person.tz, locale = person.locale } = {}) {
  const key = JSON.stringify([options, tz, locale]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, { timeZone: tz, ...options }));
  return formats.get(key);
}

/** The person's IANA zone. */
export const zone = () => person.tz;

/** The person's language and region. */
export const locale = () => person.locale;

/** Whether the person reads 24-hour times. */
export const is24h = () => !formatter({ hour: "numeric" }).resolvedOptions().hour12;

const date = (seconds) => new Date(seconds * 1000);

/** The time of day of a unix time, such as 2:30 PM or 14:30. */
export function time(seconds, { withSeconds = false, tz } = {}) {
  const options = { hour: is24h() ? "2-digit" : "numeric", minute: "2-digit" };
  if (withSeconds) options.second = "2-digit";
  return formatter(options, { tz })
    .format(date(seconds))
    .replace(/\u202f/g, " ");
}

/** The calendar day of a unix time in the person's zone (or another), as YYYY-MM-DD. */
export function day(seconds, tz) {
  const parts = formatter({ year: "numeric", month: "2-digit", day: "2-digit" }, { tz, locale: "en-CA" });
  const found = Object.fromEntries(parts.formatToParts(date(seconds)).map((part) => [part.type, part.value]));
  return `${found.year}-${found.month}-${found.day}`;
}

/** The calendar day of this moment. */
export const today = () => day(Date.now() / 1000);

/** How many days lie between two YYYY-MM-DD days. */
export function daysBetween(from, to) {
  return Math.round((Date.parse(`${to}T00:00Z`) - Date.parse(`${from}T00:00Z`)) / 86_400_000);
}

/** Move a YYYY-MM-DD day by days. */
export function addDays(from, days) {
  return new Date(Date.parse(`${from}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** A YYYY-MM-DD day in the person's words, by Intl options. */
export function dayText(value, options) {
  return formatter(options, { tz: "UTC" }).format(new Date(`${value}T12:00Z`));
}

/** The unix time of a wall-clock day and time in a zone; a time that a clock change skips moves on by the change. */
export function unixAt(dayValue, timeValue, tz = person.tz) {
  const wall = Date.parse(`${dayValue}T${timeValue}:00Z`);
  let guess = wall;
  for (let round = 0; round < 3; round += 1) guess = wall - offsetAt(guess, tz);
  return Math.floor(guess / 1000);
}

function offsetAt(milliseconds, tz) {
  const format = formatter(
    {
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      hourCycle: "h23",
    },
    { tz, locale: "en-US" },
  );
  const part = Object.fromEntries(
    format.formatToParts(new Date(milliseconds)).map(({ type, value }) => [type, Number(value)]),
  );
  const wall = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return wall - Math.floor(milliseconds / 1000) * 1000;
}

/** The wall-clock time of a unix time as HH:MM. */
export function clockOf(seconds, tz) {
  return formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, { tz, locale: "en-GB" }).format(
    date(seconds),
  );
}

/** HH:MM as the person reads it. */
export function clockText(value) {
  return time(Date.parse(`2024-01-10T${value}:00Z`) / 1000, { tz: "UTC" });
}

const REFERENCE =
  /\{(date_num|date_slash|date_long_full|date_long_pretty|date_long|date_short_pretty|date_short|date_pretty|date|time_secs|time|ago|day_divider_pretty)\}/g;

/** The text of a `<!date^…>` format for a unix time, in seconds. */
export function dateToken(seconds, format) {
  const text = format.replace(REFERENCE, (_, name) => TOKENS[name](seconds));
  return /^\{/.test(format) ? capital(text) : text;
}

const capital = (text) => text.charAt(0).toLocaleUpperCase(person.locale) + text.slice(1);

const TOKENS = {
  date_num: (at) => day(at),
  date_slash: (at) => formatter({ year: "numeric", month: "2-digit", day: "2-digit" }).format(date(at)),
  date: (at) => spoken(at, { month: "long" }),
  date_short: (at) => formatter({ year: "numeric", month: "short", day: "numeric" }).format(date(at)),
  date_long: (at) => spoken(at, { month: "long", weekday: "long" }),
  date_long_full: (at) => formatter({ dateStyle: "full" }).format(date(at)),
  date_pretty: (at) => near(at) ?? TOKENS.date(at),
  date_short_pretty: (at) => near(at) ?? TOKENS.date_short(at),
  date_long_pretty: (at) => near(at) ?? TOKENS.date_long(at),
  day_divider_pretty: (at) =>
    near(at) ?? formatter({ weekday: "long", month: "long", day: "numeric" }).format(date(at)),
  time: (at) => time(at),
  time_secs: (at) => time(at, { withSeconds: true }),
  ago: (at) => ago(at),
};

// The year is left out within about half a year, as people do.
function spoken(at, options) {
  const near = Math.abs(at * 1000 - Date.now()) < 182 * 86_400_000;
  const full = { day: "numeric", ...options, ...(near ? {} : { year: "numeric" }) };
  const parts = formatter(full).formatToParts(date(at));
  const ordinal = person.locale === "en-US";
  return parts
    .map(({ type, value }) => (type === "day" && ordinal ? value + suffix(Number(value)) : value))
    .join("");
}

function suffix(number) {
  if (number > 10 && number < 14) return "th";
  return { 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th";
}

function near(at) {
  const distance = daysBetween(today(), day(at));
  if (Math.abs(distance) > 1) return null;
  return new Intl.RelativeTimeFormat(person.locale, { numeric: "auto" }).format(distance, "day");
}

function ago(at) {
  const seconds = at - Date.now() / 1000;
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units[3];
  return new Intl.RelativeTimeFormat(person.locale, { numeric: "auto" }).format(
    Math.round(seconds / size),
    unit,
  );
}

/** What a divider between two days of messages says. */
export function divider(seconds) {
  return capital(TOKENS.day_divider_pretty(seconds));
}

/** A unix time in full, for titles. */
export function full(seconds) {
  return formatter({ dateStyle: "full", timeStyle: "short" }).format(date(seconds));
}

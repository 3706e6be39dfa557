// The panel with which one makes Slack misbehave, and changes the company under the app's feet.
import * as api from "./api.js";
import { fill, h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { openLayer } from "./layers.js";
import { personName, store } from "./store.js";

const NAMES = {
  rate_limits: ["Rate limits", "Slack's tiers, and one message a second in each conversation"],
  drop_requests: ["Drop connections", "Calls end without an answer"],
  timeouts: ["Hang", "Calls get no answer until the app gives up"],
  holds: ["Hold", "Calls wait until this is off"],
  messages_tab_off: ["Messages tab off", "Direct messages are refused"],
  refuse_sockets: ["No new sockets", "apps.connections.open fails"],
};
const NEXT = [
  ["503", "status 503"],
  ["429", "too many requests"],
  ["lost", "answer lost after the effect"],
  ["drop", "connection dropped"],
  ["timeout", "no answer"],
  ["fatal_error", "fatal_error"],
];
const ENDINGS = [
  ["warning", "Warn"],
  ["refresh_requested", "Refresh"],
  ["abort", "Cut"],
  ["silent", "Silence"],
];

/** What is switched on, in words. */
export function faultsOn(faults) {
  const words = Object.keys(NAMES).filter((name) =>
    Array.isArray(faults[name]) ? faults[name].length : faults[name],
  );
  const named = words.map((name) => NAMES[name][0].toLocaleLowerCase());
  if (faults.token) named.push(faults.token);
  if (faults.slow_api_ms || Object.keys(faults.slow ?? {}).length) named.push("slow answers");
  if (faults.slow_delivery_ms) named.push("slow deliveries");
  if (faults.repeat_deliveries) named.push("payloads twice");
  if (faults.reorder_deliveries) named.push("payloads out of turn");
  if (faults.fail_next?.length) named.push("calls that fail");
  if (faults.socket_seconds) named.push("short-lived sockets");
  if (faults.random) named.push("faults by chance");
  if (faults.random_deliveries) named.push("deliveries by chance");
  return named;
}

/** Open the panel; `changed()` is called after every change. */
export function openFaults({ changed }) {
  if (document.querySelector("[data-testid=faults-panel]")) return;
  const titleId = uniqueId("faults-title");
  const body = h("div", { class: "modal-body faults-body", tabindex: "-1" });
  const shut = () => layer.close();
  const dialog = h(
    "div",
    {
      class: "dialog modal faults-panel",
      role: "dialog",
      "aria-modal": "true",
      "aria-labelledby": titleId,
      data: { testid: "faults-panel" },
    },
    h(
      "header",
      { class: "modal-head" },
      h("h2", { id: titleId }, "Faults"),
      h(
        "button",
        { type: "button", class: "quiet", "aria-label": "Close", on: { click: shut } },
        icon("close"),
      ),
    ),
    body,
    h(
      "footer",
      { class: "modal-foot faults-foot" },
      h("p", { class: "faults-count", role: "status", data: { testid: "faults-count" } }),
      h(
        "button",
        { type: "button", class: "btn", data: { testid: "faults-clear" }, on: { click: () => send({ clear: true }) } },
        "All off",
      ),
      h("button", { type: "button", class: "btn primary", on: { click: shut } }, "Done"),
    ),
  );
  const layer = openLayer(dialog, { onEscape: shut, onBackdrop: shut, focus: () => body });
  let problem = "";

  async function send(switches, call = api.switchFaults) {
    const answer = await call(switches);
    problem = answer.ok ? "" : (answer.message ?? answer.error);
    await draw();
    changed();
  }

  async function draw() {
    const [now, places, persons] = await Promise.all([api.getFaults(), api.getChannels(), api.getUsers()]);
    if (!now.ok || !places.ok || !persons.ok) return;
    const focused = document.activeElement?.dataset?.testid;
    const at = body.scrollTop;
    fill(
      body,
      problem ? h("p", { class: "faults-problem", role: "alert" }, problem) : null,
      calls(now.faults, send),
      nextCall(send),
      byChance(now.faults, send),
      deliveries(now.faults, send),
      sockets(send),
      channels(places.channels, send),
      people(persons.users, send),
    );
    dialog.querySelector(".faults-count").textContent = counted(now.inflicted);
    body.scrollTop = at;
    if (focused) body.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
  draw();
}

function counted(inflicted) {
  const kinds = Object.entries(inflicted.kinds);
  if (!kinds.length) return "None inflicted yet";
  const words = kinds.map(([kind, count]) => `${kind.replaceAll("_", " ")} ${count}`).join(" · ");
  return `${inflicted.total} inflicted: ${words}`;
}

function group(title, ...children) {
  return h("fieldset", { class: "faults-group" }, h("legend", {}, title), children);
}

function calls(faults, send) {
  const switches = Object.entries(NAMES).map(([name, [label, hint]]) => {
    const value = faults[name];
    const on = Array.isArray(value) ? value.length > 0 : Boolean(value);
    return toggle(`fault-${name}`, label, hint, on, () => send({ [name]: !on }));
  });
  const token = chooser(
    "fault-token",
    "The app's token",
    [
      ["", "is good"],
      ["token_revoked", "was revoked"],
      ["invalid_auth", "is not valid"],
      ["account_inactive", "is of a closed account"],
    ],
    faults.token ?? "",
    (value) => send({ token: value || null }),
  );
  const slow = amount("fault-slow-api", "Every answer waits", "ms", faults.slow_api_ms, (value) =>
    send({ slow_api_ms: value }),
  );
  return group("Calls of the app", switches, h("div", { class: "faults-row" }, token, slow));
}

function nextCall(send) {
  const method = h("input", {
    class: "field",
    value: "chat.postMessage",
    "aria-label": "Method, or a pattern such as views.*",
    spellcheck: "false",
    data: { testid: "next-method" },
  });
  const kind = select(NEXT, "503", { "aria-label": "What befalls it", data: { testid: "next-kind" } });
  const times = h("input", {
    class: "field faults-number",
    type: "number",
    min: "1",
    value: "1",
    "aria-label": "How many calls",
    data: { testid: "next-times" },
  });
  const add = h(
    "button",
    {
      type: "button",
      class: "btn",
      data: { testid: "next-add" },
      on: { click: () => send(ordered(method.value.trim() || "*", kind.value, Number(times.value) || 1)) },
    },
    "Order",
  );
  return group("The next calls of a method", h("div", { class: "faults-row" }, method, kind, times, add));
}

function ordered(method, kind, times) {
  if (kind === "drop") return { drop_requests: { method, times } };
  if (kind === "lost") return { drop_requests: { method, times, after: true } };
  if (kind === "timeout") return { timeouts: { method, times } };
  if (/^\d+$/.test(kind)) return { fail_next: { method, times, status: Number(kind) } };
  return { fail_next: { method, times, error: kind } };
}

function byChance(faults, send) {
  const on = faults.random !== null;
  const percent = amount(
    "chance-rate",
    "Share of calls",
    "%",
    Math.round((faults.random?.rate ?? 0.05) * 100),
    () => on && turn(),
  );
  const seed = amount("chance-seed", "Seed", "", faults.random?.seed ?? 7, () => on && turn());
  const value = (node) => Number(node.querySelector("input").value) || 0;
  const turn = () => send({ random: { seed: value(seed), rate: Math.min(value(percent), 100) / 100 } });
  const flip = toggle(
    "fault-random",
    "Faults by chance",
    "The same ones for the same seed: 429, 500, 503, hanging, lost answers, slow ones, dropped connections",
    on,
    () => (on ? send({ random: null }) : turn()),
  );
  return group("By chance", flip, h("div", { class: "faults-row" }, percent, seed));
}

function deliveries(faults, send) {
  return group(
    "What the app is sent",
    h(
      "div",
      { class: "faults-row" },
      amount("fault-repeat", "Next ones twice", "", faults.repeat_deliveries, (value) =>
        send({ repeat_deliveries: value }),
      ),
      amount("fault-reorder", "Next ones overtaken", "", faults.reorder_deliveries, (value) =>
        send({ reorder_deliveries: value }),
      ),
      amount("fault-slow-delivery", "Everything waits", "ms", faults.slow_delivery_ms, (value) =>
        send({ slow_delivery_ms: value }),
      ),
    ),
  );
}

function sockets(send) {
  const buttons = ENDINGS.map(([how, label]) =>
    h(
      "button",
      {
        type: "button",
        class: "btn",
        data: { testid: `socket-${how}` },
        on: { click: () => send({ disconnect: how }) },
      },
      label,
    ),
  );
  return group("Open sockets", h("div", { class: "faults-row" }, buttons));
}

function channels(all, send) {
  const act = (channel, action) => () => send({ channel, action }, api.changeChannel);
  const rows = all.map((one) =>
    row(
      [icon(one.is_archived ? "archive" : one.is_private ? "lock" : "hash", { size: 16 }), one.name],
      one.is_archived ? "archived" : one.app_is_member ? "app is in" : "",
      [
        small(
          `archive-${one.name}`,
          one.is_archived ? "Bring back" : "Archive",
          `${one.is_archived ? "Bring back" : "Archive"} ${one.name}`,
          act(one.id, one.is_archived ? "unarchive" : "archive"),
        ),
        small(
          `member-${one.name}`,
          one.app_is_member ? "Remove app" : "Invite app",
          `${one.app_is_member ? "Remove the app from" : "Invite the app into"} ${one.name}`,
          act(one.id, one.app_is_member ? "remove" : "invite"),
        ),
      ],
    ),
  );
  return group("Channels", h("ul", { class: "faults-list" }, rows));
}

function people(all, send) {
  const rows = all
    .filter((person) => !person.is_bot)
    .map((person) =>
      row([personName(person)], person.deleted ? "left" : person.id === store.me?.id ? "you" : "", [
        small(
          `person-state-${person.id}`,
          person.deleted ? "Reactivate" : "Deactivate",
          `${person.deleted ? "Reactivate" : "Deactivate"} ${personName(person)}`,
          () =>
            send(
              { user: person.id, action: person.deleted ? "reactivate" : "deactivate" },
              api.changeUser,
            ),
        ),
      ]),
    );
  return group("People", h("ul", { class: "faults-list" }, rows));
}

function row(name, note, buttons) {
  return h(
    "li",
    {},
    h("span", { class: "faults-name" }, name),
    h("span", { class: "faults-note" }, note),
    h("span", { class: "faults-acts" }, buttons),
  );
}

function small(testid, label, spoken, click) {
  return h(
    "button",
    { type: "button", class: "btn small", "aria-label": spoken, data: { testid }, on: { click } },
    label,
  );
}

function toggle(testid, label, hint, on, flip) {
  const hintId = uniqueId("fault-hint");
  const box = h("input", {
    type: "checkbox",
    role: "switch",
    checked: on,
    "aria-describedby": hintId,
    data: { testid },
    on: { change: flip },
  });
  return h(
    "label",
    { class: "faults-switch" },
    box,
    h("span", { class: "faults-track", "aria-hidden": "true" }),
    h("span", { class: "faults-words" }, h("span", {}, label), h("small", { id: hintId }, hint)),
  );
}

function amount(testid, label, unit, value, set) {
  const input = h("input", {
    class: "field faults-number",
    type: "number",
    min: "0",
    value: String(value ?? 0),
    data: { testid },
    on: { change: (event) => set(Math.max(0, Math.round(Number(event.target.value) || 0))) },
  });
  return h(
    "label",
    { class: "faults-amount" },
    h("span", {}, label),
    h("span", { class: "faults-unit" }, input, unit),
  );
}

function chooser(testid, label, options, value, set) {
  const node = select(options, value, { data: { testid }, on: { change: (event) => set(event.target.value) } });
  return h("label", { class: "faults-amount" }, h("span", {}, label), node);
}

function select(options, value, props) {
  return h(
    "select",
    { class: "field", ...props },
    options.map(([name, label]) => h("option", { value: name, selected: name === value }, label)),
  );
}

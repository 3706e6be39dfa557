// Ctrl+K: one field that goes to any conversation or becomes any person.
import { avatar } from "./avatar.js";
import { fill, h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { openLayer } from "./layers.js";
import { appChannel, appName, isMe, people, personName, store } from "./store.js";

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

/** Open the switcher; `go(place)` and `become(userId)` do what was chosen. */
export function openSwitcher({ go, become }) {
  if (document.querySelector("[data-testid=switcher]")) return;
  const listId = uniqueId("switcher");
  const input = h("input", {
    type: "text",
    role: "combobox",
    class: "field",
    placeholder: "Channel, app or person",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": "Jump to a channel or become a person",
    "aria-expanded": "true",
    "aria-controls": listId,
    "aria-autocomplete": "list",
    data: { testid: "switcher-input" },
  });
  const list = h("div", {
    class: "listbox switcher-list",
    role: "listbox",
    id: listId,
    "aria-label": "Places and people",
  });
  const dialog = h(
    "div",
    {
      class: "dialog switcher",
      role: "dialog",
      "aria-modal": "true",
      "aria-label": "Jump to",
      data: { testid: "switcher" },
    },
    input,
    list,
  );
  const all = targets({ go, become });
  let shown = [];
  let active = 0;

  const show = () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    shown = all.filter((target) => words.every((word) => fold(target.words).includes(word)));
    fill(
      list,
      shown.length
        ? shown.map((target, index) => row(target, `${listId}-${index}`, index))
        : h(
            "div",
            { class: "list-note", role: "option", "aria-disabled": "true", "aria-selected": "false" },
            "Nothing found",
          ),
    );
    activate(0);
  };
  const activate = (index) => {
    active = shown.length ? (index + shown.length) % shown.length : 0;
    list.querySelectorAll(".list-row").forEach((node, number) => {
      node.classList.toggle("active", number === active);
      node.setAttribute("aria-selected", String(number === active));
      if (number !== active) return;
      input.setAttribute("aria-activedescendant", node.id);
      node.scrollIntoView({ block: "nearest" });
    });
  };
  const take = (target) => {
    layer.close();
    target?.run();
  };
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) activate(active + step);
    else if (event.key === "Enter") take(shown[active]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const node = event.target.closest(".list-row");
    if (node) take(shown[Number(node.dataset.index)]);
  });
  show();
  const layer = openLayer(dialog, {
    kind: "switcher",
    onEscape: () => layer.close(),
    onBackdrop: () => layer.close(),
    focus: () => input,
  });
}

function row(target, id, index) {
  return h(
    "div",
    { role: "option", id, class: "list-row", "aria-selected": "false", data: { index } },
    target.picture(),
    h("span", { class: "list-words" }, h("span", {}, target.title)),
    h("span", { class: "list-hint" }, target.hint),
  );
}

function targets({ go, become }) {
  const app = appChannel();
  const channels = store.channels
    .filter((channel) => !channel.is_im)
    .map((channel) => ({
      title: channel.name,
      words: `#${channel.name} channel`,
      hint: "Channel",
      picture: () => icon(channel.is_private ? "lock" : "hash", { size: 18 }),
      run: () => go({ channel: channel.id }),
    }));
  const apps = app
    ? [
        {
          title: `${appName()}, Home`,
          words: `${appName()} home app`,
          hint: "App",
          picture: () => icon("home"),
          run: () => go({ channel: app.id, tab: "home" }),
        },
        {
          title: `${appName()}, Messages`,
          words: `${appName()} messages direct app`,
          hint: "App",
          picture: () => icon("chat"),
          run: () => go({ channel: app.id, tab: "messages" }),
        },
      ]
    : [];
  const persons = people()
    .filter((user) => !isMe(user.id))
    .map((user) => ({
      title: personName(user),
      words: `${personName(user)} ${user.name} person`,
      hint: "Become this person",
      picture: () => avatar({ id: user.id, name: personName(user), colour: user.avatar_color, size: 22 }),
      run: () => become(user.id),
    }));
  return [...channels, ...apps, ...persons];
}

// A text field with a list: type to narrow, arrows to move, Enter to take. One value or several.
// Choices are {key, label, nodes?, description?, group?, value}; `load(query)` gives them, at once or later.
import { fill, h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { openPopup } from "./popup.js";

/** The control. `value` and what `onChange` gets are choices (a list with `many`); `onSettled` runs when the list closes. */
export function combobox(settings) {
  return new Combobox(settings).node;
}

class Combobox {
  constructor({
    attributes = {},
    many = false,
    most = Infinity,
    clearable = false,
    minQuery = 0,
    typed,
    delay = 0,
    ...rest
  }) {
    Object.assign(this, { many, most, clearable, minQuery, typed, delay, ...rest });
    this.chosen = many ? [...(rest.value ?? [])] : (rest.value ?? null);
    this.listId = uniqueId("list");
    this.shown = [];
    this.active = -1;
    this.asked = 0;
    this.build(attributes);
    this.showChosen();
  }

  build(attributes) {
    this.input = h("input", {
      type: "text",
      class: "combo-input",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.listId,
      "aria-haspopup": "listbox",
      ...attributes,
    });
    this.list = h("div", {
      class: "popup listbox",
      id: this.listId,
      role: "listbox",
      "aria-label": attributes["aria-label"] ?? this.placeholder ?? "Choices",
      "aria-multiselectable": this.many || null,
      hidden: true,
    });
    this.chips = h("span", { class: "chips" });
    this.clear = h(
      "button",
      {
        type: "button",
        class: "quiet combo-clear",
        "aria-label": "Clear",
        tabindex: "-1",
        on: { click: () => this.take(null) },
      },
      icon("close", { size: 14 }),
    );
    this.box = h(
      "div",
      { class: this.many ? "combo combo-many field" : "combo field" },
      this.chips,
      this.input,
      this.clear,
      h("span", { class: "combo-arrow" }, icon("down", { size: 16 })),
    );
    this.status = h("span", { class: "sr-only", role: "status" });
    this.node = h("div", { class: "combo-wrap" }, this.box, this.list, this.status);
    this.listen();
  }

  listen() {
    this.input.addEventListener("input", () => this.typedSomething());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("focus", () => !this.many && this.input.select());
    this.input.addEventListener("blur", () => setTimeout(() => this.left(), 0));
    this.box.addEventListener("mousedown", (event) => {
      if (event.target.closest("button")) return;
      if (event.target !== this.input) event.preventDefault();
      this.input.focus();
      this.popup ? event.target !== this.input && this.popup.close() : this.open("");
    });
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.take(this.shown[Number(row.dataset.index)]);
    });
  }

  typedSomething() {
    this.query = this.input.value;
    clearTimeout(this.timer);
    this.open(this.query, { wait: true });
  }

  key(event) {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (!this.popup) this.open("");
      else this.move(key === "ArrowDown" ? 1 : -1);
    } else if (key === "Enter" && this.popup) {
      event.preventDefault();
      if (this.shown[this.active]) this.take(this.shown[this.active]);
    } else if (key === "Escape" && this.popup) {
      event.preventDefault();
      this.popup.close();
      this.showChosen();
    } else if (key === "Backspace" && this.many && this.input.value === "" && this.chosen.length) {
      this.drop(this.chosen.at(-1));
    } else if (key === "Tab" && this.popup) {
      this.popup.close();
    }
  }

  open(query, { wait = false } = {}) {
    if (!this.popup) {
      this.changed = false;
      this.popup = openPopup(this.box, this.list, { onClose: () => this.closed() });
      this.input.setAttribute("aria-expanded", "true");
    }
    this.timer = setTimeout(() => this.find(query), wait ? this.delay : 0);
  }

  async find(query) {
    const turn = ++this.asked;
    if (query.trim().length < this.minQuery) {
      const missing = this.minQuery - query.trim().length;
      return this.say(`Type ${missing} more ${missing === 1 ? "letter" : "letters"} to search`);
    }
    const later = this.load(query);
    if (later instanceof Promise) this.say("Searching…");
    const { choices, error } = await later;
    if (turn !== this.asked || !this.popup) return undefined;
    return error ? this.say(error, { bad: true }) : this.show(this.withTyped(choices, query), query);
  }

  withTyped(choices, query) {
    const own = query && this.typed?.(query);
    if (!own) return choices;
    return [own, ...choices.filter((choice) => choice.key !== own.key)];
  }

  say(text, { bad = false } = {}) {
    this.shown = [];
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    fill(
      this.list,
      h(
        "div",
        {
          class: bad ? "list-note bad" : "list-note",
          role: "option",
          "aria-disabled": "true",
          "aria-selected": "false",
        },
        text,
      ),
    );
    this.status.textContent = text;
    this.popup?.place();
  }

  show(choices, query) {
    if (!choices.length) return this.say(query ? "Nothing found" : "Nothing to choose from");
    this.shown = choices;
    const groups = [];
    choices.forEach((choice, index) => {
      if (!groups.length || groups.at(-1).name !== choice.group)
        groups.push({ name: choice.group, rows: [] });
      groups.at(-1).rows.push(this.row(choice, index));
    });
    fill(
      this.list,
      groups.map(({ name, rows }) =>
        name
          ? h(
              "div",
              { role: "group", "aria-label": name },
              h("div", { class: "list-group", "aria-hidden": "true" }, name),
              rows,
            )
          : rows,
      ),
    );
    this.status.textContent = `${choices.length} ${choices.length === 1 ? "choice" : "choices"}`;
    const current = choices.findIndex((choice) => this.has(choice));
    this.activate(query || this.many ? 0 : Math.max(0, current));
    return this.popup?.place();
  }

  row(choice, index) {
    const mark = h(
      "span",
      { class: "list-mark", "aria-hidden": "true" },
      this.has(choice) ? icon("check", { size: 16 }) : null,
    );
    const words = h(
      "span",
      { class: "list-words" },
      h("span", {}, choice.nodes?.() ?? choice.label),
      choice.description ? h("span", { class: "list-description" }, choice.description()) : null,
    );
    return h(
      "div",
      {
        role: "option",
        id: `${this.listId}-${index}`,
        class: "list-row",
        "aria-selected": String(this.has(choice)),
        data: { index, value: choice.key },
      },
      choice.picture?.(),
      words,
      mark,
    );
  }

  has(choice) {
    return this.many
      ? this.chosen.some((other) => other.key === choice.key)
      : this.chosen?.key === choice.key;
  }

  move(step) {
    if (!this.shown.length) return;
    this.activate((this.active + step + this.shown.length) % this.shown.length);
  }

  activate(index) {
    this.active = index;
    for (const row of this.list.querySelectorAll(".list-row"))
      row.classList.toggle("active", Number(row.dataset.index) === index);
    const row = this.list.querySelector(`#${this.listId}-${index}`);
    if (!row) return;
    this.input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }

  take(choice) {
    if (this.many) return this.toggle(choice);
    this.chosen = choice;
    this.showChosen();
    this.popup?.close();
    this.onChange?.(choice);
    this.onSettled?.(choice);
    return undefined;
  }

  toggle(choice) {
    if (this.has(choice)) this.chosen = this.chosen.filter((other) => other.key !== choice.key);
    else if (this.chosen.length < this.most) this.chosen = [...this.chosen, choice];
    else {
      this.status.textContent = `At most ${this.most}`;
      return;
    }
    this.changed = true;
    this.input.value = "";
    this.showChosen();
    this.onChange?.(this.chosen);
    this.find("");
  }

  drop(choice) {
    this.chosen = this.chosen.filter((other) => other.key !== choice.key);
    this.showChosen();
    this.onChange?.(this.chosen);
    if (this.popup) this.changed = true;
    else this.onSettled?.(this.chosen);
  }

  closed() {
    clearTimeout(this.timer);
    this.popup = null;
    this.asked += 1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    if (this.many && this.changed) this.onSettled?.(this.chosen);
    this.changed = false;
  }

  // Leaving the field: an emptied field is a cleared one where that is allowed; typed text that means something is taken.
  left() {
    if (this.box.contains(document.activeElement)) return;
    this.popup?.close();
    if (!this.many) {
      const text = this.input.value.trim();
      const own = text && text !== (this.chosen?.label ?? "") ? this.typed?.(text) : null;
      if (own) this.take(own);
      else if (text === "" && this.chosen && this.clearable) this.take(null);
    }
    this.showChosen();
  }

  showChosen() {
    const some = this.many ? this.chosen.length > 0 : this.chosen !== null;
    this.input.value = this.many ? "" : (this.chosen?.label ?? "");
    this.input.placeholder = this.many && some ? "" : (this.placeholder ?? "");
    this.clear.hidden = this.many || !some || !this.clearable;
    if (this.many)
      fill(
        this.chips,
        this.chosen.map((choice) => this.chip(choice)),
      );
  }

  chip(choice) {
    const remove = () => {
      this.drop(choice);
      this.input.focus();
    };
    return h(
      "span",
      { class: "chip", data: { value: choice.key } },
      choice.label,
      h(
        "button",
        { type: "button", class: "quiet", "aria-label": `Remove ${choice.label}`, on: { click: remove } },
        icon("close", { size: 12 }),
      ),
    );
  }
}

/** A `load` that narrows a fixed list by what its labels contain. */
export function among(choices) {
  return (query) => {
    const words = fold(query).split(/\s+/).filter(Boolean);
    const fits = (choice) =>
      words.every((word) => fold(`${choice.label} ${choice.also ?? ""}`).includes(word));
    return { choices: choices.filter(fits) };
  };
}

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

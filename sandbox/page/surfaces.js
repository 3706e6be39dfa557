// Where blocks live: a message, a modal or App Home. A surface keeps what its elements hold and sends what people do.
import * as api from "./api.js";
import { confirmed } from "./confirm.js";
import { store } from "./store.js";
import { toast } from "./toasts.js";
import { clickValue, formValue, holdsValue, initialValue, isEmpty, stateValue } from "./values.js";

const keyOf = (blockId, element) => `${blockId}\n${element.action_id}`;

/** Every element that holds a value, as [block, element] pairs. */
export function elementsOf(blocks) {
  const found = [];
  for (const block of blocks ?? []) {
    const inside = [
      block.element,
      block.accessory,
      ...(block.type === "actions" ? (block.elements ?? []) : []),
    ];
    for (const element of inside) if (element && holdsValue(element)) found.push([block, element]);
  }
  return found;
}

class Surface {
  constructor() {
    this.held = new Map();
  }

  get(blockId, element) {
    const key = keyOf(blockId, element);
    if (!this.held.has(key)) this.held.set(key, initialValue(element));
    return this.held.get(key);
  }

  set(blockId, element, value) {
    this.held.set(keyOf(blockId, element), value);
  }

  /** Forget what elements held that are gone; what stays keeps its value. */
  keepOnly(blocks) {
    const here = new Set(elementsOf(blocks).map(([block, element]) => keyOf(block.block_id, element)));
    for (const key of this.held.keys()) if (!here.has(key)) this.held.delete(key);
  }

  /** Send a click or a choice; false when the person declined the question that the element asks. */
  async act(blockId, element, value, node) {
    if (!(await confirmed(element.confirm))) return false;
    node?.setAttribute("aria-busy", "true");
    try {
      const payload = {
        user: store.me.id,
        ...this.target(),
        block_id: blockId,
        action_id: element.action_id,
        ...clickValue(element, value),
      };
      await this.beforeClick?.();
      tellProblem(await api.click(payload));
    } finally {
      node?.removeAttribute("aria-busy");
    }
    return true;
  }

  options(blockId, element, query) {
    return api.findOptions({
      user: store.me.id,
      ...this.target(),
      block_id: blockId,
      action_id: element.action_id,
      query,
    });
  }
}

/** The elements of one message. */
export class MessageSurface extends Surface {
  constructor(channel, ts) {
    super();
    Object.assign(this, { kind: "message", channel, ts });
    this.changed = new Map();
  }

  set(blockId, element, value) {
    super.set(blockId, element, value);
    this.changed.set(keyOf(blockId, element), { blockId, element });
  }

  // What was typed into the message's inputs goes ahead of a click, so that its payload carries it.
  async beforeClick() {
    const typed = [...this.changed.values()].filter(({ element }) => element.dispatch === false);
    this.changed.clear();
    for (const { blockId, element } of typed) {
      await api.click({
        user: store.me.id,
        ...this.target(),
        block_id: blockId,
        action_id: element.action_id,
        ...clickValue(element, this.get(blockId, element)),
      });
    }
  }

  target() {
    return { channel: this.channel, ts: this.ts };
  }

  async dispatch(blockId, element, value) {
    await this.act(blockId, element, value);
  }
}

/** The elements of a modal or of App Home: a form whose values the server learns before every click. */
export class ViewSurface extends Surface {
  constructor(view) {
    super();
    this.kind = view.type;
    this.problems = {};
    this.changed = new Map();
    this.take(view, { fresh: true });
  }

  /** Draw from this version of the view from now on; typed input stays where block and action ids stay. */
  take(view, { fresh = false } = {}) {
    this.view = view;
    const state = view.values?.values ?? view.values ?? view.state?.values ?? {};
    for (const [block, element] of elementsOf(view.blocks)) {
      const key = keyOf(block.block_id, element);
      const known = state[block.block_id]?.[element.action_id];
      if (this.held.has(key) && !fresh) continue;
      this.held.set(key, known === undefined ? initialValue(element) : stateValue(element, known));
    }
    this.keepOnly(view.blocks);
    for (const key of this.changed.keys()) if (!this.held.has(key)) this.changed.delete(key);
  }

  set(blockId, element, value) {
    super.set(blockId, element, value);
    this.changed.set(keyOf(blockId, element), { blockId, element });
    if (!this.problems[blockId]) return;
    delete this.problems[blockId];
    this.onMended?.(blockId);
  }

  /** The blocks of required inputs that are empty, each with what the person is told. */
  missing() {
    const inputs = elementsOf(this.view.blocks).filter(
      ([block]) => block.type === "input" && block.optional !== true,
    );
    const empty = inputs.filter(([block, element]) => isEmpty(this.get(block.block_id, element)));
    return Object.fromEntries(
      empty.map(([block]) => [block.block_id, "Please complete this required field."]),
    );
  }

  problem(blockId) {
    return this.problems[blockId];
  }

  target() {
    return { view_id: this.view.id };
  }

  /** What every input holds, as a submission sends it. */
  values() {
    const all = {};
    for (const [block, element] of elementsOf(this.view.blocks)) {
      if (block.type !== "input") continue;
      all[block.block_id] = {
        ...all[block.block_id],
        [element.action_id]: formValue(element, this.get(block.block_id, element)),
      };
    }
    return all;
  }

  /** Tell the server what was typed since the last time, so that a click carries it. */
  async beforeClick() {
    const values = {};
    for (const [key, { blockId, element }] of this.changed) {
      const inInput = this.view.blocks.some((block) => block.block_id === blockId && block.type === "input");
      if (inInput)
        values[blockId] = { ...values[blockId], [element.action_id]: formValue(element, this.held.get(key)) };
    }
    this.changed.clear();
    if (Object.keys(values).length)
      await api.fillInputs({ user: store.me.id, view_id: this.view.id, values, dispatch: false });
  }

  /** A change of an input that the app wants to hear of at once. */
  async dispatch(blockId, element, value) {
    this.changed.delete(keyOf(blockId, element));
    await this.beforeClick();
    const answer = await api.fillInputs({
      user: store.me.id,
      view_id: this.view.id,
      values: { [blockId]: { [element.action_id]: formValue(element, value) } },
    });
    tellProblem(answer);
  }
}

// What the app did wrong comes as a notice by itself; the page speaks up where nobody else would.
function tellProblem(answer) {
  if (answer.ok === false && answer.error === "unreachable") toast(answer.message);
  else if (answer.ok === false && answer.message) toast(answer.message);
}

// What the composer offers while somebody types: commands at the start, people after "@", channels after "#".
import { avatar } from "./avatar.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { people, personName, store } from "./store.js";

const MOST = 8;

/** The offers for a text with the caret at `caret`: {from, insert, title, hint?, about?, picture?}. */
export function completions(text, caret, { commands }) {
  const before = text.slice(0, caret);
  if (commands && /^\/\S*$/.test(before)) return commandOffers(before);
  const mark = /(^|[\s(])([@#])([\p{L}\p{N}._-]*)$/u.exec(before);
  if (!mark) return [];
  const from = caret - mark[3].length - 1;
  return mark[2] === "@" ? peopleOffers(mark[3], from) : channelOffers(mark[3], from);
}

function commandOffers(typed) {
  const fits = store.commands.filter(
    (command) => command.command.startsWith(typed.toLowerCase()) && command.command !== typed,
  );
  return fits.slice(0, MOST).map((command) => ({
    from: 0,
    insert: `${command.command} `,
    title: command.command,
    hint: command.usage_hint,
    about: command.description,
    picture: () => h("span", { class: "list-icon" }, "/"),
  }));
}

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

function peopleOffers(typed, from) {
  const wanted = fold(typed);
  const starts = (user) =>
    [user.name, personName(user), ...personName(user).split(" ")].some((name) =>
      fold(name).startsWith(wanted),
    );
  const exact = (user) => user.name === typed;
  return people()
    .filter((user) => starts(user) && !exact(user))
    .slice(0, MOST)
    .map((user) => ({
      from,
      insert: `@${user.name} `,
      title: personName(user),
      hint: `@${user.name}`,
      picture: () => avatar({ id: user.id, name: personName(user), colour: user.avatar_color, size: 22 }),
    }));
}

function channelOffers(typed, from) {
  const fits = store.channels.filter(
    (channel) => !channel.is_im && channel.name.startsWith(typed.toLowerCase()) && channel.name !== typed,
  );
  return fits.slice(0, MOST).map((channel) => ({
    from,
    insert: `#${channel.name} `,
    title: channel.name,
    picture: () => icon(channel.is_private ? "lock" : "hash", { size: 16 }),
  }));
}

// Names that others chose (consumer groups, topics, agents) as a label, so that each can be told apart. Pure.
// Sentences and the command line show them by the same rules (runtime/names.py). They are not shortened here:
// a label wraps.

/** Controls, overrides of the writing direction, and what Unicode calls a letter and nobody sees. */
const UNSEEN = /\p{C}|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u2800|\u3164|\uffa0/gu
const WHITE_SPACE = /\s+/g

/** Give a name on one line; what nobody sees is written as \u{202e}, a name of nothing but blanks in whole. */
export function readable(name: string): string {
  const text = name.replace(WHITE_SPACE, ' ').trim()
  return text === '' ? Array.from(name, writtenOut).join('') : text.replace(UNSEEN, writtenOut)
}

function writtenOut(sign: string): string {
  return `\\u{${sign.codePointAt(0)?.toString(16)}}`
}

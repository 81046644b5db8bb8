/** A Go template as text and actions, an action as tokens (pkg.go.dev/text/template). */

import { TemplateError } from './error.ts';

export type TokenKind =
  | 'field' // .Name
  | 'dot'
  | 'variable' // $name
  | 'word' // identifier or keyword
  | 'string'
  | 'char'
  | 'number'
  | 'mark'; // ( ) | , := =

export interface Token {
  kind: TokenKind;
  text: string;
  /** Offset in the template. */
  at: number;
  /** No white space before it: `.A.B` is one chain, `.A .B` are two operands. */
  joined: boolean;
}

export type Piece = { text: string } | { tokens: Token[]; at: number; end: number };

const TRIM_LEFT = /^\{\{- /;
const TOKEN =
  /(?<space>[ \t\r\n]+)|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<char>'(?:[^'\\\n]|\\.)+')|(?<number>[+-]?(?:0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))|(?<field>\.[A-Za-z_][A-Za-z0-9_]*)|(?<dot>\.)|(?<variable>\$[A-Za-z0-9_]*)|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<mark>:=|[=|(),])/y;

export function lexTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at <= source.length) {
    const open = source.indexOf('{{', at);
    const raw = source.slice(at, open < 0 ? source.length : open);
    const left = trimNext ? raw.trimStart() : raw;
    const trimmed = open >= 0 && TRIM_LEFT.test(source.slice(open, open + 4));
    const text = trimmed ? left.trimEnd() : left;
    if (text !== '') pieces.push({ text });
    if (open < 0) return pieces;
    const start = open + (trimmed ? 4 : 2);
    const action = lexAction(source, start);
    trimNext = action.trimNext;
    at = action.next;
    if (action.tokens !== undefined) pieces.push({ tokens: action.tokens, at: open, end: at });
  }
  return pieces;
}

interface Action {
  /** undefined: a comment. */
  tokens?: Token[];
  next: number;
  trimNext: boolean;
}

function lexAction(source: string, start: number): Action {
  const comment = lexComment(source, start);
  if (comment !== undefined) return comment;
  const tokens: Token[] = [];
  let at = start;
  let joined = false;
  for (;;) {
    const close = closing(source, at);
    if (close !== undefined) return { tokens, ...close };
    if (at >= source.length) throw new TemplateError('unclosed action', at);
    const token = nextToken(source, at);
    at += token.text.length;
    if (token.kind === 'space') {
      joined = false;
    } else {
      tokens.push({ kind: token.kind, text: token.text, at: at - token.text.length, joined });
      joined = true;
    }
  }
}

function lexComment(source: string, start: number): Action | undefined {
  if (!source.startsWith('/*', start)) return undefined;
  const end = source.indexOf('*/', start + 2);
  if (end < 0) throw new TemplateError('unclosed comment', start);
  const close = closing(source, end + 2);
  if (close === undefined) throw new TemplateError('comment ends before closing delimiter', start);
  return close;
}

function closing(source: string, at: number): { next: number; trimNext: boolean } | undefined {
  if (source.startsWith('}}', at)) return { next: at + 2, trimNext: false };
  const trim = /[ \t\r\n]+-\}\}/y;
  trim.lastIndex = at;
  const match = trim.exec(source);
  return match === null ? undefined : { next: at + match[0].length, trimNext: true };
}

function nextToken(source: string, at: number): { kind: TokenKind | 'space'; text: string } {
  TOKEN.lastIndex = at;
  const groups = TOKEN.exec(source)?.groups;
  if (groups !== undefined) {
    for (const kind of KINDS) {
      const text = groups[kind];
      if (text !== undefined) return { kind, text };
    }
  }
  const character = source[at] ?? '';
  if (character === '"') throw new TemplateError('unterminated quoted string', at);
  if (character === '`') throw new TemplateError('unterminated raw quoted string', at);
  if (character === "'") throw new TemplateError('unterminated character constant', at);
  throw new TemplateError(`unexpected ${JSON.stringify(character)} in command`, at);
}

const KINDS = [
  'space',
  'string',
  'char',
  'number',
  'field',
  'dot',
  'variable',
  'word',
  'mark',
] as const;

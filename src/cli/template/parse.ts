/** Tokens to nodes. */

import { TemplateError } from './error.ts';
import { lexTemplate, type Piece, type Token } from './lex.ts';
import { unquoteChar, unquoteString } from './literals.ts';
import type { Node, Operand, Pipe } from './nodes.ts';

export interface ParseContext {
  isFunction: (name: string) => boolean;
}

const MAX_DEPTH = 100;

export function parseTemplate(source: string, context: ParseContext): Node[] {
  return new TemplateParser(source, context).parse();
}

/** What ended a list of nodes: `end`, `else`, or `else if`/`else with` with the rest of the action. */
type Ending = { word: 'end' | 'else' | 'eof'; rest: Token[]; at: number };

class TemplateParser {
  readonly #source: string;
  readonly #context: ParseContext;
  readonly #pieces: Piece[];
  #at = 0;
  #depth = 0;
  #loops = 0;
  /** Variables in sight; a block's own are dropped at its end. */
  #variables = ['$'];

  constructor(source: string, context: ParseContext) {
    this.#source = source;
    this.#context = context;
    this.#pieces = lexTemplate(source);
  }

  parse(): Node[] {
    const { nodes, ending } = this.#list();
    if (ending.word !== 'eof') throw new TemplateError(`unexpected {{${ending.word}}}`, ending.at);
    return nodes;
  }

  #list(): { nodes: Node[]; ending: Ending } {
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.#pieces[this.#at];
      this.#at += 1;
      if (piece === undefined) {
        return { nodes, ending: { word: 'eof', rest: [], at: this.#source.length } };
      }
      if ('text' in piece) {
        nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      const [first, ...rest] = piece.tokens;
      const word = first?.kind === 'word' ? first.text : '';
      if (word === 'end' || word === 'else') return { nodes, ending: { word, rest, at: piece.at } };
      nodes.push(...this.#action(word, piece.tokens, piece.at));
    }
  }

  #action(word: string, tokens: Token[], at: number): Node[] {
    if (word === 'if' || word === 'with' || word === 'range') {
      return [this.#block(word, tokens.slice(1), at)];
    }
    if (word === 'break' || word === 'continue') {
      if (this.#loops === 0) throw new TemplateError(`{{${word}}} outside {{range}}`, at);
      return [{ kind: word }];
    }
    if (word === 'template' || word === 'define' || word === 'block') {
      throw new TemplateError(`{{${word}}} is not supported`, at);
    }
    const pipe = this.#pipe(tokens, 'command', at);
    return [{ kind: 'print', pipe }];
  }

  #block(kind: 'if' | 'with' | 'range', tokens: Token[], at: number): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new TemplateError('blocks are nested too deeply', at);
    const outer = this.#variables.length;
    const pipe = this.#pipe(tokens, kind, at);
    if (kind === 'range') this.#loops += 1;
    const { nodes: body, ending } = this.#list();
    if (kind === 'range') this.#loops -= 1;
    const otherwise = this.#otherwise(ending, kind);
    this.#variables.length = outer;
    this.#depth -= 1;
    return { kind, pipe, body, otherwise };
  }

  #otherwise(ending: Ending, kind: string): Node[] {
    if (ending.word === 'eof') throw new TemplateError('unexpected EOF', ending.at);
    if (ending.word === 'end') return [];
    const [next, ...rest] = ending.rest;
    if (next === undefined) {
      const { nodes, ending: last } = this.#list();
      if (last.word === 'eof') throw new TemplateError('unexpected EOF', last.at);
      if (last.word === 'else') throw new TemplateError('expected end; found {{else}}', last.at);
      return nodes;
    }
    const chained = next.kind === 'word' && next.text === kind && kind !== 'range';
    if (!chained) throw new TemplateError(`unexpected <${next.text}> in else`, next.at);
    return [this.#block(kind === 'if' ? 'if' : 'with', rest, next.at)];
  }

  #pipe(tokens: Token[], what: string, at: number): Pipe {
    const { variables, assigns, rest } = this.#declarations(tokens, what);
    if (rest.length === 0) throw new TemplateError(`missing value for ${what}`, at);
    const reader = new OperandReader(rest, this.#source, {
      pipe: (inner, start) => this.#pipe(inner, 'parenthesized pipeline', start),
      isFunction: this.#context.isFunction,
      variables: this.#variables,
    });
    const commands = reader.commands();
    for (const [index, command] of commands.entries()) {
      const [head] = command;
      if (head === undefined) throw new TemplateError(`missing value for ${what}`, at);
      if (index > 0 && (head.kind === 'literal' || head.kind === 'nil')) {
        throw new TemplateError(`non executable command in pipeline stage ${index + 1}`, head.at);
      }
    }
    if (!assigns) this.#variables.push(...variables);
    const first = rest[0]?.at ?? at;
    const last = rest.at(-1);
    const text = this.#source.slice(first, last === undefined ? first : last.at + last.text.length);
    return { variables, assigns, commands, at: first, text };
  }

  #declarations(
    tokens: Token[],
    what: string,
  ): { variables: string[]; assigns: boolean; rest: Token[] } {
    const [first, second, third, fourth] = tokens;
    if (first?.kind === 'variable' && (second?.text === ':=' || second?.text === '=')) {
      const assigns = second.text === '=';
      if (assigns && !this.#variables.includes(first.text)) throw undefinedVariable(first);
      return { variables: [first.text], assigns, rest: tokens.slice(2) };
    }
    const pair = first?.kind === 'variable' && second?.text === ',' && third?.kind === 'variable';
    if (what === 'range' && pair && (fourth?.text === ':=' || fourth?.text === '=')) {
      const assigns = fourth.text === '=';
      return { variables: [first.text, third.text], assigns, rest: tokens.slice(4) };
    }
    return { variables: [], assigns: false, rest: tokens };
  }
}

interface OperandContext extends ParseContext {
  pipe: (tokens: Token[], at: number) => Pipe;
  variables: readonly string[];
}

class OperandReader {
  readonly #tokens: Token[];
  readonly #source: string;
  readonly #context: OperandContext;
  #at = 0;

  constructor(tokens: Token[], source: string, context: OperandContext) {
    this.#tokens = tokens;
    this.#source = source;
    this.#context = context;
  }

  commands(): Operand[][] {
    const commands: Operand[][] = [[]];
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.text === '|' && token.kind === 'mark') {
        this.#at += 1;
        commands.push([]);
      } else {
        commands.at(-1)?.push(this.#operand(token));
      }
    }
    return commands;
  }

  #operand(token: Token): Operand {
    const head = this.#head(token);
    const fields: string[] = token.kind === 'field' ? [token.text.slice(1)] : [];
    for (
      let next = this.#tokens[this.#at];
      next?.kind === 'field' && next.joined;
      next = this.#tokens[this.#at]
    ) {
      fields.push(next.text.slice(1));
      this.#at += 1;
    }
    const last = this.#tokens[this.#at - 1] ?? token;
    const text = this.#source.slice(token.at, last.at + last.text.length);
    return { ...head, fields, at: token.at, text };
  }

  #head(
    token: Token,
  ): Omit<Operand, 'fields' | 'at' | 'text'> & { kind: Operand['kind'] } & (
      | { kind: 'dot' }
      | { kind: 'nil' }
      | { kind: 'variable' | 'function'; name: string }
      | { kind: 'literal'; value: string | number | boolean; float: boolean }
      | { kind: 'pipe'; pipe: Pipe }
    ) {
    this.#at += 1;
    switch (token.kind) {
      case 'field':
      case 'dot':
        return { kind: 'dot' };
      case 'variable':
        if (!this.#context.variables.includes(token.text)) throw undefinedVariable(token);
        return { kind: 'variable', name: token.text };
      case 'string':
        return { kind: 'literal', value: unquoteString(token), float: false };
      case 'char':
        return { kind: 'literal', value: unquoteChar(token), float: false };
      case 'number':
        return { kind: 'literal', value: Number(token.text), float: isFloat(token.text) };
      case 'word':
        return this.#word(token);
      case 'mark':
        if (token.text === '(') return { kind: 'pipe', pipe: this.#parenthesized(token) };
        throw new TemplateError(`unexpected ${JSON.stringify(token.text)} in operand`, token.at);
    }
  }

  #word(
    token: Token,
  ):
    | { kind: 'nil' }
    | { kind: 'function'; name: string }
    | { kind: 'literal'; value: boolean; float: boolean } {
    if (token.text === 'true' || token.text === 'false') {
      return { kind: 'literal', value: token.text === 'true', float: false };
    }
    if (token.text === 'nil') return { kind: 'nil' };
    if (!this.#context.isFunction(token.text)) {
      throw new TemplateError(`function ${JSON.stringify(token.text)} not defined`, token.at);
    }
    return { kind: 'function', name: token.text };
  }

  #parenthesized(open: Token): Pipe {
    const start = this.#at;
    let depth = 1;
    for (; depth > 0; this.#at += 1) {
      const token = this.#tokens[this.#at];
      if (token === undefined) throw new TemplateError('unclosed left paren', open.at);
      if (token.kind !== 'mark') continue;
      if (token.text === '(') depth += 1;
      if (token.text === ')') depth -= 1;
    }
    return this.#context.pipe(this.#tokens.slice(start, this.#at - 1), open.at);
  }
}

function isFloat(text: string): boolean {
  return !/^[+-]?0[xX]/.test(text) && /[.eE]/.test(text);
}

function undefinedVariable(token: Token): TemplateError {
  return new TemplateError(`undefined variable ${JSON.stringify(token.text)}`, token.at);
}

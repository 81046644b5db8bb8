/** Fills a parsed template in. */

import { CallError, TemplateError } from './error.ts';
import { functions, isTrue, type TemplateFunction } from './functions.ts';
import type { Node, Operand, Pipe } from './nodes.ts';
import { Float, type Printing, printValue } from './print.ts';

export interface Evaluation extends Printing {
  /** Fields that a structure may lack: they are nil then. Others are mistakes. */
  mayLack: (name: string) => boolean;
  /** What null prints as in a field: an empty list and an empty map are null in JSON, too. */
  nilText: (field: string) => string;
  /** What the data is, for messages: `map` or `container`. */
  type: string;
  /** `headers`: functions hand their first operand through, for the header of a table. */
  functions: 'values' | 'headers';
}

/** Ends a loop early. */
class LoopEnd extends Error {
  readonly kind: 'break' | 'continue';

  constructor(kind: 'break' | 'continue') {
    super(kind);
    this.kind = kind;
  }
}

type Scope = Map<string, { value: unknown }>;

export function evaluate(nodes: readonly Node[], data: unknown, options: Evaluation): string {
  const evaluator = new Evaluator(options);
  evaluator.walk(nodes, data, new Map([['$', { value: data }]]));
  return evaluator.output.join('');
}

class Evaluator {
  readonly output: string[] = [];
  readonly #options: Evaluation;

  constructor(options: Evaluation) {
    this.#options = options;
  }

  walk(nodes: readonly Node[], dot: unknown, scope: Scope): void {
    for (const node of nodes) {
      if (node.kind === 'text') this.output.push(node.text);
      else if (node.kind === 'print') this.#print(node.pipe, dot, scope);
      else if (node.kind === 'range') this.#range(node, dot, scope);
      else if (node.kind === 'if' || node.kind === 'with') this.#choose(node, dot, scope);
      else throw new LoopEnd(node.kind);
    }
  }

  #print(pipe: Pipe, dot: unknown, scope: Scope): void {
    const value = this.#pipe(pipe, dot, scope);
    if (pipe.variables.length > 0) return;
    const [command = []] = pipe.commands;
    const name = pipe.commands.length === 1 ? command[0]?.fields.at(-1) : undefined;
    const isNil = value === null && command.length === 1 && name !== undefined;
    this.output.push(isNil ? this.#options.nilText(name) : printValue(value, this.#options));
  }

  #choose(
    node: Extract<Node, { kind: 'if' | 'with' | 'range' }>,
    dot: unknown,
    scope: Scope,
  ): void {
    const inner: Scope = new Map(scope);
    const value = this.#pipe(node.pipe, dot, inner);
    if (isTrue(value)) this.walk(node.body, node.kind === 'with' ? value : dot, inner);
    else this.walk(node.otherwise, dot, inner);
  }

  #range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: unknown, scope: Scope): void {
    const { variables, assigns } = node.pipe;
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot, scope);
    const entries = this.#entries(value, node.pipe);
    if (entries.length === 0) this.walk(node.otherwise, dot, scope);
    for (const [key, item] of entries) {
      const inner: Scope = new Map(scope);
      const values = variables.length === 2 ? [key, item] : [item];
      for (const [at, name] of variables.entries()) {
        const before = assigns ? scope.get(name) : undefined;
        if (before === undefined) inner.set(name, { value: values[at] });
        else before.value = values[at];
      }
      try {
        this.walk(node.body, item, inner);
      } catch (error) {
        if (!(error instanceof LoopEnd)) throw error;
        if (error.kind === 'break') return;
      }
    }
  }

  #entries(value: unknown, pipe: Pipe): [unknown, unknown][] {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return value.map((item, index) => [index, item]);
    if (typeof value === 'number' && Number.isInteger(value)) {
      if (value > 1e6) throw this.#failure(pipe, `range over ${value} is too long`);
      return Array.from({ length: Math.max(value, 0) }, (_, index) => [index, index]);
    }
    if (typeof value === 'object') {
      return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    }
    throw this.#failure(pipe, `range can't iterate over ${printValue(value, this.#options)}`);
  }

  #pipe(pipe: Pipe, dot: unknown, scope: Scope): unknown {
    let value: unknown;
    for (const [at, command] of pipe.commands.entries()) {
      value = this.#command(command, at === 0 ? [] : [value], dot, scope);
    }
    for (const name of pipe.variables) {
      const before = pipe.assigns ? scope.get(name) : undefined;
      if (before === undefined) scope.set(name, { value });
      else before.value = value;
    }
    return value;
  }

  #command(
    command: readonly Operand[],
    piped: readonly unknown[],
    dot: unknown,
    scope: Scope,
  ): unknown {
    const [head, ...rest] = command;
    if (head === undefined) return piped[0];
    const operands = rest.map((operand) => () => this.#operand(operand, dot, scope));
    const values = [...operands, ...piped.map((value) => () => value)];
    if (head.kind === 'nil') throw this.#failure(head, 'nil is not a command');
    if (head.kind === 'function') {
      const result = this.#call(head, command, values);
      return this.#fields(result, head, head.fields, []);
    }
    const [base, last] = [this.#base(head, dot, scope), head.fields.at(-1)];
    if (values.length > 0 && last === undefined) {
      throw this.#failure(head, `can't give argument to non-function ${head.text}`);
    }
    return this.#fields(
      base,
      head,
      head.fields,
      values.map((value) => value()),
    );
  }

  #call(
    head: Operand & { kind: 'function' },
    command: readonly Operand[],
    values: (() => unknown)[],
  ): unknown {
    if (head.name === 'and' || head.name === 'or') {
      let value: unknown;
      for (const next of values) {
        value = next();
        if (isTrue(value) === (head.name === 'or')) return value;
      }
      return value;
    }
    const { functions: mode } = this.#options;
    const run = mode === 'headers' ? firstOperand : functions.get(head.name);
    try {
      return run?.(
        values.map((value) => value()),
        this.#options,
      );
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const text = command.map((operand) => operand.text).join(' ');
      throw this.#failure({ at: head.at, text }, `error calling ${head.name}: ${error.message}`);
    }
  }

  #operand(operand: Operand, dot: unknown, scope: Scope): unknown {
    if (operand.kind === 'nil') return undefined;
    if (operand.kind === 'function') {
      return this.#fields(this.#call(operand, [operand], []), operand, operand.fields, []);
    }
    return this.#fields(this.#base(operand, dot, scope), operand, operand.fields, []);
  }

  #base(operand: Operand, dot: unknown, scope: Scope): unknown {
    switch (operand.kind) {
      case 'variable':
        return scope.get(operand.name)?.value;
      case 'literal':
        return operand.float && typeof operand.value === 'number'
          ? new Float(operand.value)
          : operand.value;
      case 'pipe':
        return this.#pipe(operand.pipe, dot, new Map(scope));
      default:
        return dot;
    }
  }

  /** `args` belong to the last field, which must be a method then. */
  #fields(
    base: unknown,
    operand: Operand,
    fields: readonly string[],
    args: readonly unknown[],
  ): unknown {
    let value = base;
    for (const [at, name] of fields.entries()) {
      const isLast = at === fields.length - 1;
      const before = fields[at - 1] ?? '';
      value = this.#field(value, name, { operand, before, args: isLast ? args : [] });
    }
    return value;
  }

  #field(
    holder: unknown,
    name: string,
    site: { operand: Operand; before: string; args: readonly unknown[] },
  ): unknown {
    const { operand, before, args } = site;
    if (holder === null || holder === undefined) {
      throw this.#failure(
        operand,
        before === ''
          ? `nil data; no entry for key "${name}"`
          : `map has no entry for key "${before}"`,
        name,
      );
    }
    if (typeof holder !== 'object' || Array.isArray(holder)) {
      throw this.#failure(operand, `can't evaluate field ${name} in type interface {}`, name);
    }
    const key = findKey(holder, name);
    if (key !== undefined) {
      const value: unknown = Object.getOwnPropertyDescriptor(holder, key)?.value;
      if (typeof value === 'function') return value(...args);
      if (args.length > 0)
        throw this.#failure(operand, `${name} is not a method but has arguments`, name);
      return value;
    }
    if (this.#options.isMap(holder)) return undefined;
    if (this.#options.mayLack(name)) return null;
    const { type } = this.#options;
    throw this.#failure(
      operand,
      type === 'map'
        ? `map has no entry for key "${name}"`
        : `can't evaluate field ${name} in type ${type}`,
      name,
    );
  }

  /** Go points at the field inside a chain. */
  #failure(where: { at: number; text: string }, message: string, field = ''): TemplateError {
    const inside = field === '' ? -1 : where.text.indexOf(`.${field}`);
    return new TemplateError(
      `executing "" at <${where.text}>: ${message}`,
      where.at + Math.max(inside, 0),
    );
  }
}

const firstOperand: TemplateFunction = ([first]) => first;

/** The exact name, or the only one that differs by case: the API's JSON says `Id` where Go's structure says `ID`. */
function findKey(holder: object, name: string): string | undefined {
  if (Object.hasOwn(holder, name)) return name;
  const lower = name.toLowerCase();
  const keys = Object.keys(holder).filter((key) => key.toLowerCase() === lower);
  return keys.length === 1 ? keys[0] : undefined;
}

/** Docker's own description of its API as a judge of our answers: types, enumerations, required and unknown fields. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Lies beside the checkout, not in it. */
export const descriptionPath = join(
  import.meta.dir,
  '../../../../shared/specs/docker-engine-api-1.51.yaml',
);

interface Schema {
  $ref?: string;
  type?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  'x-nullable'?: boolean;
}

interface Description {
  definitions: Record<string, Schema>;
  paths: Record<string, Record<string, { responses: Record<string, { schema?: Schema }> }>>;
}

export class ApiDescription {
  readonly #description: Description;

  private constructor(description: Description) {
    this.#description = description;
  }

  /** Undefined where the description is not at hand. */
  static load(): ApiDescription | undefined {
    if (!existsSync(descriptionPath)) return undefined;
    return new ApiDescription(parse(readFileSync(descriptionPath, 'utf8')));
  }

  /** Each method and path of the description. */
  routes(): { method: string; path: string }[] {
    return Object.entries(this.#description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
  }

  /** What is wrong with `value` as the answer to `method path`; empty: nothing. */
  problems(method: string, path: string, status: number, value: unknown): string[] {
    const responses = this.#description.paths[path]?.[method.toLowerCase()]?.responses;
    const schema = responses?.[String(status)]?.schema;
    if (schema === undefined) return [`${method} ${path} ${status} is not described`];
    const found: string[] = [];
    this.#check(schema, value, '$', found);
    return found;
  }

  #check(written: Schema, value: unknown, at: string, found: string[]): void {
    const schema = this.#resolve(written);
    if (value === null) {
      if (schema['x-nullable'] !== true && written['x-nullable'] !== true)
        found.push(`${at}: null`);
      return;
    }
    if (schema.enum !== undefined && !schema.enum.some((word) => Bun.deepEquals(word, value))) {
      found.push(`${at}: ${JSON.stringify(value)} is not one of ${schema.enum.join(', ')}`);
    }
    if (!hasType(schema.type, value)) {
      found.push(`${at}: ${JSON.stringify(value)} is not of type ${schema.type}`);
    } else if (Array.isArray(value)) {
      const { items } = schema;
      if (items !== undefined) {
        value.forEach((item, index) => {
          this.#check(items, item, `${at}[${index}]`, found);
        });
      }
    } else if (typeof value === 'object' && value !== null) {
      this.#checkObject(schema, new Map(Object.entries(value)), at, found);
    }
  }

  #checkObject(schema: Schema, value: Map<string, unknown>, at: string, found: string[]): void {
    for (const name of schema.required ?? []) {
      if (!value.has(name)) found.push(`${at}.${name}: missing`);
    }
    for (const [name, field] of value) {
      const known = schema.properties?.[name];
      if (known !== undefined) this.#check(known, field, `${at}.${name}`, found);
      else if (typeof schema.additionalProperties === 'object') {
        this.#check(schema.additionalProperties, field, `${at}.${name}`, found);
      } else if (schema.properties !== undefined) found.push(`${at}.${name}: unknown`);
    }
  }

  #resolve(schema: Schema): Schema {
    if (schema.$ref !== undefined) {
      return this.#resolve(this.#description.definitions[schema.$ref.replace(/.*\//, '')] ?? {});
    }
    if (schema.allOf === undefined) return schema;
    const parts = schema.allOf.map((part) => this.#resolve(part));
    return {
      ...schema,
      type: 'object',
      properties: Object.assign({}, schema.properties, ...parts.map((part) => part.properties)),
      required: parts.flatMap((part) => part.required ?? []),
    };
  }
}

function hasType(type: string | undefined, value: unknown): boolean {
  switch (type) {
    case 'object':
      return typeof value === 'object' && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
    default:
      return true;
  }
}

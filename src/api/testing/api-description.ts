/** Docker's own description of its API as a judge of our answers: types, formats, enumerations, required and unknown fields, statuses. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

/** Lies beside the checkout, not in it. */
export const descriptionPath = join(
  import.meta.dir,
  '../../../../shared/specs/docker-engine-api-1.51.yaml',
);

/** The part of Swagger 2.0 that the description uses. */
interface SwaggerSchema {
  $ref?: string;
  type?: string;
  format?: string;
  allOf?: SwaggerSchema[];
  properties?: Record<string, SwaggerSchema>;
  additionalProperties?: SwaggerSchema | boolean;
  required?: string[];
  items?: SwaggerSchema;
  enum?: unknown[];
  'x-nullable'?: boolean;
}

interface Operation {
  responses: Record<string, { schema?: SwaggerSchema }>;
  parameters?: { name: string; in: string }[];
}

interface Description {
  definitions: Record<string, SwaggerSchema>;
  paths: Record<string, Record<string, Operation>>;
}

export interface DescribedRoute {
  method: string;
  path: string;
  /** Names of the query's parameters. */
  parameters: string[];
}

export class ApiDescription {
  readonly #description: Description;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
  readonly #validators = new Map<string, ValidateFunction>();

  private constructor(description: Description) {
    this.#description = description;
    this.#ajv.addFormat(
      'dateTime',
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
    );
    const definitions = Object.entries(description.definitions);
    this.#ajv.addSchema({
      $id: 'docker:api',
      definitions: Object.fromEntries(
        definitions.flatMap(([name, schema]) => [
          [name, toJsonSchema(schema, true)],
          [`open ${name}`, toJsonSchema(schema, false)],
        ]),
      ),
    });
  }

  /** Undefined where the description is not at hand. */
  static load(): ApiDescription | undefined {
    if (!existsSync(descriptionPath)) return undefined;
    return new ApiDescription(parse(readFileSync(descriptionPath, 'utf8')));
  }

  /** Each method and path of the description. */
  routes(): DescribedRoute[] {
    return Object.entries(this.#description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [] }]) => ({
        method: method.toUpperCase(),
        path,
        parameters: parameters.filter((each) => each.in === 'query').map(({ name }) => name),
      })),
    );
  }

  /** What is wrong with `value` as the answer to `method path`; empty: nothing. */
  problems(method: string, path: string, status: number, value: unknown): string[] {
    const responses = this.#description.paths[path]?.[method.toLowerCase()]?.responses;
    const response = responses?.[String(status)];
    if (response === undefined) return [`${method} ${path} ${status} is not described`];
    if (response.schema === undefined) return [];
    const key = `${method} ${path} ${status}`;
    const validate =
      this.#validators.get(key) ?? this.#ajv.compile(toJsonSchema(response.schema, true));
    this.#validators.set(key, validate);
    return validate(value) ? [] : describeErrors(validate.errors ?? [], value);
  }
}

/**
 * JSON Schema 2020-12 of a Swagger schema. Docker's model is open; ours is not: `closed` refuses fields that are not described, but for the parts of
 * an `allOf`, which only know their own.
 */
function toJsonSchema(schema: SwaggerSchema, closed: boolean): Record<string, unknown> {
  const plain = toNonNull(schema, closed);
  return schema['x-nullable'] === true ? { anyOf: [{ type: 'null' }, plain] } : plain;
}

function toNonNull(schema: SwaggerSchema, closed: boolean): Record<string, unknown> {
  if (schema.$ref !== undefined) return reference(schema.$ref, closed);
  const { type, format, allOf, properties, additionalProperties, required, items } = schema;
  const close = closed && additionalProperties === undefined && (properties ?? allOf) !== undefined;
  return {
    ...(type !== undefined && { type }),
    ...(format === 'dateTime' && { format }),
    ...(schema.enum !== undefined && { enum: schema.enum }),
    ...(allOf !== undefined && { allOf: allOf.map((part) => toJsonSchema(part, false)) }),
    ...(properties !== undefined && { properties: mapValues(properties) }),
    ...(required !== undefined && { required }),
    ...(items !== undefined && { items: toJsonSchema(items, true) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: toJsonSchema(additionalProperties, true),
    }),
    ...(close && { unevaluatedProperties: false }),
  };
}

function reference(text: string, closed: boolean): Record<string, unknown> {
  const name = text.replace(/.*\//, '');
  return { $ref: `docker:api#/definitions/${encodeURIComponent(closed ? name : `open ${name}`)}` };
}

function mapValues(properties: Record<string, SwaggerSchema>): Record<string, unknown> {
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, schema]) => [name, toJsonSchema(schema, true)]));
}

/** `$.Config.Cmd: null`, `$.State.Pid: must be integer`, `$.Id: missing`, `$.Extra: unknown`. */
function describeErrors(errors: readonly ErrorObject[], value: unknown): string[] {
  const wrong = errors.filter(
    ({ keyword }) => keyword !== 'unevaluatedProperties' && keyword !== 'anyOf',
  );
  const found = new Set(wrong.map((error) => describeError(error, value)));
  for (const { keyword, instancePath, params } of errors) {
    if (keyword !== 'unevaluatedProperties') continue;
    const at = `${instancePath}/${params.unevaluatedProperty}`;
    // A field that is wrong inside does not count as evaluated.
    if (
      !wrong.some((error) => error.instancePath === at || error.instancePath.startsWith(`${at}/`))
    )
      found.add(`${dotted(at)}: unknown`);
  }
  return [...found];
}

function describeError(error: ErrorObject, value: unknown): string {
  const at = dotted(error.instancePath);
  if (error.keyword === 'required') return `${at}.${error.params.missingProperty}: missing`;
  const part = valueAt(value, error.instancePath);
  if (part === null) return `${at}: null`;
  return `${at}: ${error.message}: ${JSON.stringify(part)?.slice(0, 80)}`;
}

function dotted(pointer: string): string {
  return `$${pointer.replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')}`;
}

function valueAt(value: unknown, pointer: string): unknown {
  let part = value;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    part =
      typeof part === 'object' && part !== null
        ? new Map(Object.entries(part)).get(name)
        : undefined;
  }
  return part;
}

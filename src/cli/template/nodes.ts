/** The parsed form of a template. `text` of an operand is its source, for messages. */

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'print'; pipe: Pipe }
  | { kind: 'if' | 'with' | 'range'; pipe: Pipe; body: Node[]; otherwise: Node[] }
  | { kind: 'break' | 'continue' };

export interface Pipe {
  /** `$a := …`, `$i, $e := range …`. */
  variables: string[];
  /** `=` instead of `:=`. */
  assigns: boolean;
  commands: Operand[][];
  at: number;
  text: string;
}

export type Operand = OperandHead & { fields: string[]; at: number; text: string };

type OperandHead =
  | { kind: 'dot' }
  | { kind: 'variable'; name: string }
  | { kind: 'function'; name: string }
  | { kind: 'literal'; value: string | number | boolean; float: boolean }
  | { kind: 'nil' }
  | { kind: 'pipe'; pipe: Pipe };

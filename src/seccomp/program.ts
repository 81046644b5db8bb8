/**
 * A classic BPF program written from its end to its beginning. Jumps only go forward, so every target is there when the jump is
 * written, and its distance is known.
 */

/** A place in the program: the number of instructions from it to the end. */
export type Label = number;

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const RETURN = 0x06; // BPF_RET | BPF_K
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP = 0x05; // BPF_JMP | BPF_JA

/** Conditional jumps: the loaded word against a constant, unsigned. */
export const EQUAL = 0x15;
export const GREATER = 0x25;
export const AT_LEAST = 0x35;

/** Distance that fits into the eight bits of a conditional jump. */
const FAR = 255;

export class Program {
  /** Code, jt and jf of each instruction in one word, last instruction first. */
  readonly #heads: number[] = [];
  /** k of each instruction. */
  readonly #values: number[] = [];
  /** Return value → label of the latest such instruction. */
  readonly #returns = new Map<number, Label>();

  get length(): number {
    return this.#heads.length;
  }

  load(offset: number): Label {
    return this.#add(LOAD, 0, 0, offset);
  }

  and(mask: number): Label {
    return this.#add(AND, 0, 0, mask);
  }

  /** Goes to `yes` if the loaded word compares so with `value`, else to `no`. */
  branch(code: number, value: number, yes: Label, no: Label): Label {
    if (yes === no) return this.goto(yes);
    const near = this.#near(no, 1);
    const target = this.#near(yes, 0);
    // Bringing `yes` near may have put an instruction between here and `no`; one was allowed for.
    return this.#add(code, this.length - target, this.length - near, value);
  }

  /** Continues at `label`: nothing if it is what follows anyway. */
  goto(label: Label): Label {
    if (label === this.length) return label;
    return this.#add(JUMP, 0, 0, this.length - label);
  }

  /** A return with this value: an earlier written one if a conditional jump reaches it. */
  answer(value: number): Label {
    const known = this.#returns.get(value);
    if (known !== undefined && this.length - known <= FAR - 2) return known;
    const label = this.#add(RETURN, 0, 0, value);
    this.#returns.set(value, label);
    return label;
  }

  /** struct sock_filter after struct sock_filter, in the byte order of both machines that Tiffin runs on. */
  encode(): Uint8Array {
    const words = new Uint32Array(this.length * 2);
    for (let at = 0; at < words.length; at += 2) {
      words[words.length - 2 - at] = this.#heads[at / 2] ?? 0;
      words[words.length - 1 - at] = this.#values[at / 2] ?? 0;
    }
    return new Uint8Array(words.buffer);
  }

  /** A label within reach although `more` instructions come in between: the label, or a copy of what it leads to. */
  #near(label: Label, more: number): Label {
    if (this.length - label + more <= FAR) return label;
    return this.#heads[label - 1] === RETURN
      ? this.answer(this.#values[label - 1] ?? 0)
      : this.#add(JUMP, 0, 0, this.length - label);
  }

  #add(code: number, yes: number, no: number, value: number): Label {
    this.#heads.push(code + yes * 0x10000 + no * 0x1000000);
    this.#values.push(value >>> 0);
    return this.length;
  }
}

/** Runs a classic BPF filter on one struct seccomp_data, as the kernel would, and counts the instructions. */

export interface SystemCall {
  number: number;
  /** AUDIT_ARCH_*. */
  audit: number;
  args?: readonly bigint[];
}

export interface Outcome {
  /** SECCOMP_RET_* with its data. */
  answer: number;
  instructions: number;
}

/** struct seccomp_data, 64 bytes. */
export function seccompData({ number, audit, args = [] }: SystemCall): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, audit, true);
  args.forEach((value, index) => {
    data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, value), true);
  });
  return data;
}

/** Throws on what the kernel's checker would refuse: unknown code, a jump or a load out of bounds, no return. */
export function interpret(filter: Uint8Array, call: SystemCall): Outcome {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const count = filter.byteLength / 8;
  const data = seccompData(call);
  let word = 0;
  let instructions = 0;
  for (let at = 0; at < count; at += 1) {
    instructions += 1;
    const code = program.getUint16(at * 8, true);
    const value = program.getUint32(at * 8 + 4, true);
    const jump = (condition: boolean) => program.getUint8(at * 8 + (condition ? 2 : 3));
    if (code === 0x06) return { answer: value, instructions };
    if (code === 0x20) word = data.getUint32(value, true);
    else if (code === 0x54) word = (word & value) >>> 0;
    else if (code === 0x05) at += value;
    else if (code === 0x15) at += jump(word === value);
    else if (code === 0x25) at += jump(word > value);
    else if (code === 0x35) at += jump(word >= value);
    else if (code === 0x45) at += jump((word & value) !== 0);
    else throw new Error(`instruction ${at}: unknown code 0x${code.toString(16)}`);
  }
  throw new Error('fell off the end of the filter');
}

/** Runs a device program as the kernel would, and refuses what its verifier would: wild jumps, running off the end. */

export interface DeviceRequest {
  /** 1 block, 2 character. */
  type: number;
  /** 1 mknod, 2 read, 4 write, summed. */
  access: number;
  major: number;
  minor: number;
}

export function runDeviceProgram(program: Uint8Array, request: DeviceRequest): boolean {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const context = [request.access * 0x10000 + request.type, request.major, request.minor];
  const registers = new Map<number, number>();
  const register = (number: number) => {
    const value = registers.get(number);
    if (value === undefined) throw new Error(`register ${number} is read before it is written`);
    return value;
  };
  for (let at = 0; at < program.byteLength / 8; at += 1) {
    const code = view.getUint8(at * 8);
    const to = view.getUint8(at * 8 + 1) & 15;
    const from = view.getUint8(at * 8 + 1) >> 4;
    const offset = view.getInt16(at * 8 + 2, true);
    const value = view.getInt32(at * 8 + 4, true);
    if (code === 0x95) return register(0) === 1;
    if (code === 0x61) registers.set(to, context[offset / 4] ?? Number.NaN);
    else if (code === 0xb7) registers.set(to, value);
    else if (code === 0xbf) registers.set(to, register(from));
    else if (code === 0x57) registers.set(to, register(to) & value);
    else if (code === 0x77) registers.set(to, register(to) >>> value);
    else if (code === 0x15) at += register(to) === value ? offset : 0;
    else if (code === 0x55) at += register(to) === value ? 0 : offset;
    else throw new Error(`instruction ${at}: unknown code 0x${code.toString(16)}`);
  }
  throw new Error('fell off the end of the program');
}

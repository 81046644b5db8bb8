/** `tiffin system dial-stdio`: standard input and output become a connection to the engine, as `docker -H ssh://host` wants it. */

import type { Socket } from '../client/socket.ts';
import type { Command } from '../command.ts';
import { standardInput } from '../streams/input.ts';
import type { Output } from '../streams/output.ts';

export const systemDialStdio: Command = {
  usage: '',
  summary: 'Proxy the stdio stream to the engine connection. Should not be invoked manually.',
  flags: [],
  args: { min: 0, max: 0 },
  run: async ({ engine, out }) => {
    const socket = await engine.connect();
    // The engine's end of the stream ends the program; the end of our input is only passed on.
    const sent = sendInput(socket);
    const failed = new Promise<never>((_, reject) => sent.catch(reject));
    await Promise.race([printAnswers(socket, out), failed]);
    return 0;
  },
};

async function sendInput(socket: Socket): Promise<void> {
  for await (const bytes of standardInput()) await socket.write(bytes);
  socket.end();
}

async function printAnswers(socket: Socket, out: Output): Promise<void> {
  for (let bytes = await socket.read(); bytes !== undefined; bytes = await socket.read()) {
    await out.write(1, bytes);
  }
}

/** Wiring, and nothing else: which part of the program a command line is for. Parts are imported only when needed. */

import { basename } from 'node:path';
import type { ServeOptions } from './cli/command.ts';

/** A container engine that wants an OCI runtime calls the binary by one of these names. */
const runtimeNames = new Set(['tiffin-oci', 'runc', 'crun']);

async function main(argv: string[]): Promise<number> {
  // The word comes first: a file that really has such a name calls itself with it.
  if (argv[0] === 'oci' || runtimeNames.has(basename(process.argv0))) {
    const { runOci } = await import('./cli/oci/main.ts');
    return runOci(argv[0] === 'oci' ? argv.slice(1) : argv);
  }
  const { runCli } = await import('./cli/main.ts');
  // A read of standard input or an idle connection may be pending: it must not keep the process.
  return process.exit(await runCli(argv, { serve }));
}

/** Runs an engine until it is told to stop; containers keep running. `ready` is called once it answers. */
async function serve(options: ServeOptions, ready: () => void): Promise<number> {
  const [{ openEngine }, { serveApi }, { parseListenAddress }, { checkDoors }, { PidFile }] =
    await Promise.all([
      import('./engine/index.ts'),
      import('./api/server.ts'),
      import('./api/listen/address.ts'),
      import('./api/listen/doors.ts'),
      import('./host/pid-file.ts'),
    ]);
  // The binary starts with the just-in-time compiler held back, as most runs are over in milliseconds; an engine is not.
  Bun.unsafe.setJITPolicy(1);
  const hosts = options.hosts.length > 0 ? options.hosts : [`unix://${options.defaultSocket}`];
  const at = { tls: options.tls !== undefined, defaultPath: options.defaultSocket };
  const listen = hosts.map((host) => parseListenAddress(host, at));
  await checkDoors({ ...options, listen });
  using _pidfile = PidFile.write(options.pidfile);
  const engine = await openEngine(options);
  try {
    const server = await serveApi(engine, { ...options, listen, debug: options.settings.debug });
    ready();
    await new Promise<void>((stop) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
    });
    await server.close();
  } finally {
    await engine.close();
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));

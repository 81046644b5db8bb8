/** The command line as a program of its own, for tests. */

import { runCli } from '../main.ts';

process.exit(await runCli(process.argv.slice(2)));

/** Why a program does not start: the failures people meet most, in the words that docker and runc made known. */

import type { OpOf } from '../plan/ops.ts';
import type { Wording } from './failure.ts';

/** Shell convention: 127 not found, 126 found but not to be run. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

export function wordExecFailure(
  op: OpOf<'exec' | 'find-program'>,
  errno: string,
  words: string,
  detail: string,
): Wording {
  const program = op.args[0] ?? '';
  const name = `exec: ${JSON.stringify(program)}`;
  const interpreter = /^interpreter ([^ ]*) /.exec(detail)?.[1];
  if (interpreter !== undefined && errno !== 'ENOEXEC') {
    return {
      class: 'invalid',
      code: 'no-interpreter',
      message: `exec ${program}: no such file or directory: its interpreter ${JSON.stringify(interpreter)} is not in the image`,
      hint: interpreter.endsWith('\r')
        ? 'the script has Windows line ends: convert it with dos2unix'
        : 'add the interpreter or the dynamic loader to the image',
      exitCode: NOT_FOUND,
    };
  }
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return program.includes('/')
      ? {
          class: 'invalid',
          code: 'no-program',
          message: `${name}: stat ${program}: ${words}`,
          hint: 'check the path; it is one inside the container',
          exitCode: NOT_FOUND,
        }
      : {
          class: 'invalid',
          code: 'no-program',
          message: `${name}: executable file not found in $PATH`,
          hint: 'check the name, and PATH in the container',
          exitCode: NOT_FOUND,
        };
  }
  if (errno === 'ENOEXEC') return wordFormat(program, detail);
  if (errno === 'EACCES' || errno === 'EISDIR') {
    return {
      class: 'denied',
      code: 'not-executable',
      message: `${name}: ${errno === 'EISDIR' ? 'is a directory' : 'permission denied'}`,
      hint: 'the program must be a file with execute permission for the user, on a mount without noexec',
      exitCode: NOT_RUNNABLE,
    };
  }
  return {
    class: 'denied',
    code: 'not-executable',
    message: `${name}: ${words}`,
    exitCode: NOT_RUNNABLE,
  };
}

/** `format <machine> <path>` for a program of another machine, `format <path>` for what is no program. */
function wordFormat(program: string, detail: string): Wording {
  const machine = /^format ([^/ ][^/]*) \//.exec(detail)?.[1];
  return {
    class: 'invalid',
    code: 'exec-format',
    message: `exec ${program}: exec format error${machine === undefined ? '' : `: it is made for ${machine}`}`,
    hint:
      machine === undefined
        ? 'a script needs a first line such as #!/bin/sh'
        : "use an image for this machine's architecture",
    exitCode: NOT_RUNNABLE,
  };
}

/** `tiffin help exit-codes`. */

export const text = `tiffin run, exec and start -a end with the status of the container's program:

  0 … 124  the program's own
  125      the engine refused or failed: a wrong flag, no such image, a port that is taken
  126      the program may not be executed
  127      the program is not in the container
  128 + n  the program was ended by signal n: 137 is SIGKILL (tiffin kill, or out of memory), 143 SIGTERM (tiffin stop)

Other commands end with 0, or with 1 if one of their operands failed: the others were done nevertheless.
125 is a wrong flag, 64 a wrong --format of an inspect, 127 of compose that none is installed, 141 that the reader of the output went away.
`;

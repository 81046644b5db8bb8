/**
 * What a monitor and its clients say to each other, over the launch connection and over `attach.sock`.
 * A frame: u8 type, three zero bytes, u32 length (little endian), payload of at most `limits.frameBytes`.
 *
 *   engine                                   monitor
 *     ── connect; Launch(plan) ──────────────▶      launch connection: the launcher's socket
 *     ◀───────────────── Report, then Started │ Failed (then close)
 *     ── connect ────────────────────────────▶      attach.sock
 *     ◀──────────────────────────────── Hello
 *     ── Subscribe(streams) ─────────────────▶      from now on Stdout, Stderr
 *     ── Stdin, StdinClose, Resize, Signal ──▶
 *     ◀──────────────────────── Stdout, Stderr
 *     ◀───────────────────────────────── Exit       after the last byte of output and after teardown
 *
 * The launch connection serves as an attach connection too: after Started it takes the same frames. A Subscribe sent
 * ahead of Launch is in force from the first byte, so that nothing a short-lived process prints is lost.
 * A subscribed client that does not read stops the container's output (as a full pipe does) until it reads or leaves.
 */
export const FRAMES = {
  // client to monitor
  launch: 1, // payload: encoded plan
  subscribe: 2, // u8 mask: 1 stdout, 2 stderr, 4 queries for names
  stdin: 3, // bytes
  stdinClose: 4, // empty
  resize: 5, // u16 rows, u16 columns
  signal: 6, // u32 signal number, to the container's process through its pidfd
  launchFd: 7, // reserved
  answer: 8, // the 12 bytes of the query, then a DNS message; nothing behind them: no answer comes
  // monitor to client
  hello: 16, // u32 monitor pid, u32 container pid, u64 container start time (clock ticks, proc_pid_stat(5) field 22), u64 started, ns since 1970
  report: 17, // per op of the plan: u32 duration in ns (0xffffffff: did not run); sent in pieces that each start with u32 first op index
  started: 18, // as hello
  failed: 19, // u8 stage, u8 0, u16 op index, u32 errno, detail (UTF-8: the path or name that failed)
  stdout: 20, // bytes
  stderr: 21, // bytes
  exit: 22, // the exit record, as in the file `exit`
  query: 23, // u8 protocol (17 UDP, 6 TCP), 11 bytes that say where the answer goes, then a DNS message as the container sent it
} as const;

export type FrameName = keyof typeof FRAMES;

/**
 * The exit record, in the file `exit` and in the `exit` frame: lines `key value`, UTF-8.
 * `status N` (exit code, 128+n after a signal), `signal N` (0 if none), `started NS`, `ended NS` (since 1970),
 * `capture NAME LENGTH` followed by that many bytes and a line feed, for every `capture` step.
 */
export interface ExitRecord {
  status: number;
  signal: number;
  startedNs: bigint;
  endedNs: bigint;
  captures: ReadonlyMap<string, string>;
}

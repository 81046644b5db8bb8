/** Signals sent to us that belong to the container. */

type ProxiedSignal = (typeof PROXIED)[number];

/** What can be caught and makes sense to hand on; not SIGCHLD, SIGPIPE, SIGURG and SIGWINCH, which speak about ourselves. */
const PROXIED = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGABRT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
] as const;

/** Calls back with `INT`, `TERM`, … until disposed of. */
export function onSignals(forward: (name: string) => void): Disposable {
  const listener = (signal: ProxiedSignal) => forward(signal.slice('SIG'.length));
  for (const signal of PROXIED) process.on(signal, listener);
  return {
    [Symbol.dispose]: () => {
      for (const signal of PROXIED) process.off(signal, listener);
    },
  };
}

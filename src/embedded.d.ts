/** Files that `bun build --compile` puts into the binary; an import of one gives its path there. */

declare module '*/dist/shim' {
  const path: string;
  export = path;
}

declare module '*/dist/starter.tar' {
  const path: string;
  export = path;
}

/** The content itself: sha256 in hex, a space, the size in bytes. */
declare module '*/dist/shim.identity' {
  const text: string;
  export = text;
}

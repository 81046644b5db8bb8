/** `tiffin help contexts`. */

export const text = `A context is a name for an engine's socket. The files are docker's, so both command lines see the same ones.

  tiffin context create test --docker host=unix:///run/test/tiffin.sock
  tiffin context ls
  tiffin --context test ps         for one command
  DOCKER_CONTEXT=test tiffin ps    for one shell
  tiffin context use test          until further notice, for docker too
  tiffin context use default

Which one is taken: -H, --context, TIFFIN_HOST, DOCKER_HOST, DOCKER_CONTEXT, "context use", and then /run/tiffin/tiffin.sock, whose engine is
started when it does not answer. Contexts with tcp:// or ssh:// are listed and not used: an engine answers on a unix socket.
`;

/** `tiffin help compose`. */

export const text = `tiffin compose runs an installed docker compose: docker-compose in ~/.docker/cli-plugins, in the plugin directories of the
system, or in PATH, with DOCKER_HOST set to the engine's socket. The engine is started when it does not answer.

  tiffin compose up -d
  tiffin compose logs -f
  tiffin compose down -v

docker's own command line finds the engine by DOCKER_HOST=unix:///run/tiffin/tiffin.sock docker compose up, or by a context:
tiffin help contexts.
`;

/** What `GET /` says. */

export const BANNER = String.raw`
   ____   _____   ____
  / ___| |  ___| / ___|
 | |     | |_    \___ \
 | |___  |  _|    ___) |
  \____| |_|     |____/
`.slice(1);

export function indexPage(address: string): string {
  const run = '{"state":"run","image":"BusyBox","command":"pwd"}';
  const stop = '{"id":"<container id>","state":"stop"}';
  return `${BANNER}
METHODS: 
(GET) ${address}/containers
(GET) ${address}/history
(POST) ${address}/run

JSON:
${run}
${stop}

CURL:
curl -X POST -d '${run}' http://${address}/run
curl -X POST -d '${stop}' http://${address}/run
`;
}

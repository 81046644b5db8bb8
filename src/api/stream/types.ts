/** The media types of process streams. Clients of before 1.42 know one for both. */

const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';
const FIRST_WITH_MULTIPLEXED = 42;

export function streamType(raw: boolean, version: number): string {
  return raw || version < FIRST_WITH_MULTIPLEXED ? RAW : MULTIPLEXED;
}

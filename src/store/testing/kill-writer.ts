/** Writes a blob without end into the store of argv[2]; says so on stdout as soon as content is in it. */

import { FileBlobStore } from '../blobs.ts';

async function* endless(): AsyncGenerator<Uint8Array> {
  for (let count = 0; ; count += 1) {
    yield new Uint8Array(1024 * 1024);
    if (count === 4) process.stdout.write('writing\n');
  }
}

await new FileBlobStore(process.argv[2] ?? '').add(endless());

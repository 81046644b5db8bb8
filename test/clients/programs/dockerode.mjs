/** A program with dockerode that touches every resource. Ends with 0 when all of it was as it should be. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';

const require = createRequire(`${process.env.CLIENTS}/npm/`);
const Docker = require('dockerode');
const docker = new Docker({ socketPath: process.env.DOCKER_HOST.slice('unix://'.length) });

async function system() {
  assert.equal((await docker.ping()).toString(), 'OK');
  assert.equal((await docker.version()).Os, 'linux');
  assert.equal((await docker.info()).OSType, 'linux');
  assert.ok(Array.isArray((await docker.df()).Images));
}

async function images() {
  const pack = require('tar-stream').pack();
  pack.entry({ name: 'Dockerfile' }, 'FROM starter\nLABEL made=dockerode\nRUN echo built > /built\n');
  pack.finalize();
  const progress = await docker.buildImage(pack, { t: 'dockerode:1' });
  const events = await new Promise((resolve, reject) => {
    docker.modem.followProgress(progress, (error, all) => (error ? reject(error) : resolve(all)));
  });
  assert.ok(events.some((event) => event.stream?.includes('Successfully tagged dockerode:1')));
  const image = docker.getImage('dockerode:1');
  assert.equal((await image.inspect()).Config.Labels.made, 'dockerode');
  assert.ok((await image.history()).length > 1);
  await image.tag({ repo: 'dockerode', tag: '2' });
  const archive = await docker.getImage('dockerode:2').get();
  const chunks = [];
  for await (const chunk of archive) chunks.push(chunk);
  await docker.getImage('dockerode:2').remove();
  const loaded = await docker.loadImage(Buffer.concat(chunks));
  assert.match(await text(loaded), /Loaded image/);
  const listed = await docker.listImages({ filters: { label: ['made=dockerode'] } });
  assert.deepEqual(listed[0].RepoTags.toSorted(), ['dockerode:1', 'dockerode:2']);
  await docker.getImage('dockerode:2').remove();
  await assert.rejects(docker.getImage('absent').inspect(), { statusCode: 404 });
}

async function containers() {
  const out = new PassThrough();
  const seen = text(out);
  const [answer, ran] = await docker.run('dockerode:1', ['cat', '/built'], out, {
    Tty: false,
    HostConfig: { AutoRemove: false },
  });
  out.end();
  assert.equal(answer.StatusCode, 0);
  assert.match(await seen, /built/);
  await ran.remove();

  const container = await docker.createContainer({
    Image: 'starter',
    name: 'rode',
    Cmd: ['sh', '-c', 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'],
    Labels: { of: 'dockerode' },
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { Memory: 64 << 20, PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1' }] } },
  });
  const events = await docker.getEvents({ filters: { container: [container.id], event: ['die'] } });
  await container.start();
  await assert.rejects(
    docker.createContainer({ Image: 'starter', name: 'rode' }),
    (error) => error.statusCode === 409,
  );
  const state = await container.inspect();
  assert.equal(state.State.Running, true);
  assert.ok(Number(state.NetworkSettings.Ports['80/tcp'][0].HostPort) > 0);
  assert.equal((await docker.listContainers({ filters: { label: ['of=dockerode'] } })).length, 1);
  assert.ok((await container.top()).Processes.length > 0);
  assert.equal((await container.stats({ stream: false })).memory_stats.limit, 64 << 20);
  await container.update({ Memory: 128 << 20, MemorySwap: 128 << 20 });
  await execs(container);
  await files(container);
  await container.pause();
  assert.equal((await container.inspect()).State.Paused, true);
  await container.unpause();
  await container.rename({ name: 'rode2' });
  const waiting = container.wait();
  await container.stop({ t: 5 });
  assert.equal((await waiting).StatusCode, 3);
  const [event] = await first(events);
  assert.equal(JSON.parse(event).Actor.Attributes.exitCode, '3');
  assert.match((await container.logs({ stdout: true, stderr: true })).toString(), /ready/);
  await container.restart();
  await container.kill();
  await container.wait();
  await container.remove({ v: true });
  await assert.rejects(container.inspect(), { statusCode: 404 });
}

async function execs(container) {
  const exec = await container.exec({
    Cmd: ['sh', '-c', 'cat; echo err >&2; exit 4'],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const [out, err] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(stream, out, err);
  stream.end('typed\n');
  stream.on('end', () => {
    out.end();
    err.end();
  });
  assert.equal(await text(out), 'typed\n');
  assert.equal(await text(err), 'err\n');
  assert.equal((await exec.inspect()).ExitCode, 4);
}

async function files(container) {
  const pack = require('tar-stream').pack();
  pack.entry({ name: 'carried' }, 'content');
  pack.finalize();
  await container.putArchive(pack, { path: '/tmp' });
  const archive = await text(await container.getArchive({ path: '/tmp/carried' }));
  assert.match(archive, /content/);
  assert.ok((await container.changes()).some((change) => change.Path === '/tmp/carried'));
  const image = await container.commit({ repo: 'rode', tag: 'kept' });
  await docker.getImage(image.Id).remove({ force: true });
}

async function terminal() {
  const container = await docker.createContainer({
    Image: 'starter',
    Cmd: ['sh'],
    Tty: true,
    OpenStdin: true,
    StdinOnce: true,
  });
  const stream = await container.attach({
    stream: true,
    stdin: true,
    stdout: true,
    stderr: true,
    hijack: true,
  });
  const seen = text(stream);
  await container.start();
  await container.resize({ h: 31, w: 97 });
  stream.write('stty size; exit 6\n');
  assert.equal((await container.wait()).StatusCode, 6);
  assert.match(await seen, /31 97/);
  await container.remove();
}

async function networksAndVolumes() {
  const network = await docker.createNetwork({ Name: 'rodenet', Labels: { of: 'dockerode' } });
  const volume = await docker.createVolume({ Name: 'rodevol', Labels: { of: 'dockerode' } });
  const name = volume.name ?? volume.Name;
  const server = await docker.createContainer({
    Image: 'starter',
    name: 'server',
    Cmd: ['httpd', '-f', '-h', '/srv'],
    HostConfig: { NetworkMode: 'rodenet', Binds: ['rodevol:/srv'] },
  });
  await server.start();
  const put = await server.exec({ Cmd: ['sh', '-c', 'echo page > /srv/index.html'] });
  await text(await put.start({}));
  const client = await docker.createContainer({ Image: 'starter', Cmd: ['sleep', '1000'] });
  await client.start();
  await network.connect({ Container: client.id, EndpointConfig: { Aliases: ['asker'] } });
  const get = await client.exec({ Cmd: ['wget', '-qO-', 'http://server/'], AttachStdout: true });
  assert.match(await text(await get.start({})), /page/);
  assert.equal(Object.keys((await network.inspect()).Containers).length, 2);
  await network.disconnect({ Container: client.id });
  assert.equal(Object.keys((await network.inspect()).Containers).length, 1);
  await assert.rejects(docker.getVolume(name).remove(), { statusCode: 409 });
  await Promise.all([server, client].map((each) => each.remove({ force: true })));
  assert.equal((await docker.listNetworks({ filters: { label: ['of=dockerode'] } })).length, 1);
  await network.remove();
  assert.equal((await docker.listVolumes({ filters: { label: ['of=dockerode'] } })).Volumes.length, 1);
  await docker.getVolume(name).remove();
}

async function prunes() {
  await docker.createContainer({ Image: 'starter', name: 'dust' });
  assert.equal((await docker.pruneContainers()).ContainersDeleted.length, 1);
  await docker.getImage('dockerode:1').remove();
  for (const prune of ['pruneImages', 'pruneNetworks', 'pruneVolumes']) await docker[prune]();
}

async function first(stream) {
  for await (const chunk of stream) {
    stream.destroy();
    return chunk.toString().split('\n');
  }
  throw new Error('the stream ended');
}

for (const part of [system, images, containers, terminal, networksAndVolumes, prunes]) {
  await part();
  console.log(`${part.name}: good`);
}

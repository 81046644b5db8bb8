/** A program with testcontainers. It leaves a container, a network and a volume behind, as one that is killed does. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const require = createRequire(`${process.env.CLIENTS}/npm/`);
const { GenericContainer, Network, Wait } = require('testcontainers');

const http = ['sh', '-c', 'mkdir -p /srv; echo page > /srv/index.html; echo serving; httpd -f -h /srv'];

async function waits() {
  const container = await new GenericContainer('starter')
    .withCommand(http)
    .withExposedPorts(80)
    .withWaitStrategy(
      Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage('serving'), Wait.forHttp('/', 80)]),
    )
    .withEnvironment({ A: 'b' })
    .withLabels({ of: 'testcontainers' })
    .withCopyContentToContainer([{ content: 'carried', target: '/tmp/carried' }])
    .start();
  const url = `http://${container.getHost()}:${container.getMappedPort(80)}/`;
  assert.equal(await (await fetch(url)).text(), 'page\n');
  const result = await container.exec(['sh', '-c', 'echo $A $(cat /tmp/carried); exit 4']);
  assert.deepEqual([result.exitCode, result.stdout], [4, 'b carried\n']);
  assert.match(await text(await container.copyArchiveFromContainer('/tmp/carried')), /carried/);
  await container.restart();
  await container.stop();
}

async function healthChecks() {
  const container = await new GenericContainer('starter')
    .withCommand(['sh', '-c', 'sleep 0.2; touch /ok; sleep 1000'])
    .withHealthCheck({ test: ['CMD', 'test', '-e', '/ok'], interval: 100, retries: 50 })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
  assert.equal((await container.exec(['test', '-e', '/ok'])).exitCode, 0);
  await container.stop();
}

async function networks() {
  const network = await new Network().start();
  const server = await new GenericContainer('starter')
    .withCommand(http)
    .withNetwork(network)
    .withNetworkAliases('server')
    .withWaitStrategy(Wait.forLogMessage('serving'))
    .start();
  const client = await new GenericContainer('starter')
    .withCommand(['sleep', '1000'])
    .withNetwork(network)
    .start();
  const asked = await client.exec([
    'sh',
    '-c',
    'for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://server/ && exit; sleep 0.1; done',
  ]);
  assert.equal(asked.stdout, 'page\n');
  await Promise.all([client.stop(), server.stop()]);
  await network.stop();
}

async function built() {
  const image = await GenericContainer.fromDockerfile(process.env.CONTEXT)
    .withBuildArgs({ GREETING: 'hi' })
    .build('built:1');
  const container = await image.withExposedPorts(80).start();
  assert.equal((await container.exec(['cat', '/srv/greeting'])).output, 'hi\n');
  await container.stop();
}

async function leftovers() {
  const network = await new Network().start();
  await new GenericContainer('starter')
    .withCommand(['sleep', '1000'])
    .withName('leftover')
    .withNetwork(network)
    .start();
}

for (const part of [waits, healthChecks, networks, built, leftovers]) {
  await part();
  console.log(`${part.name}: good`);
}
process.exit(0);

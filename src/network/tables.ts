/** The room's tables: networks, endpoints, published ports. A row is the record as JSON beside what must be unique. */

import type { Database, Row } from '../host/database.ts';
import type { Endpoint, Network, PortBinding, Protocol } from './types.ts';

/** `first_*`: where the next search for a free address starts, counted from the subnet's first address. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS networks (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL,
  next4 INTEGER NOT NULL DEFAULT 0, next6 INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS endpoints (
  id TEXT PRIMARY KEY, container TEXT NOT NULL, position INTEGER NOT NULL,
  network TEXT NOT NULL REFERENCES networks(id),
  offset4 INTEGER, offset6 INTEGER, host_index INTEGER NOT NULL, record TEXT NOT NULL,
  UNIQUE (container, network), UNIQUE (container, position),
  UNIQUE (network, offset4), UNIQUE (network, offset6)
) STRICT;
CREATE TABLE IF NOT EXISTS published_ports (
  protocol TEXT NOT NULL, address TEXT NOT NULL, port INTEGER NOT NULL,
  endpoint TEXT NOT NULL REFERENCES endpoints(id) ON DELETE CASCADE,
  PRIMARY KEY (protocol, port, address)
) STRICT;
CREATE INDEX IF NOT EXISTS published_ports_endpoint ON published_ports (endpoint);
`;

export type AddressColumn = 'offset4' | 'offset6';

export class NetworkTables {
  readonly #db: Database;
  /** Changes whenever an endpoint comes, goes or changes. */
  revision = 0;

  constructor(db: Database) {
    this.#db = db;
    db.schema(SCHEMA);
  }

  transaction<T>(body: () => T): T {
    return this.#db.transaction(body);
  }

  networks(): Network[] {
    return this.#db.all('SELECT record FROM networks ORDER BY rowid').map(parse<Network>);
  }

  network(id: string): Network | undefined {
    return optional<Network>(this.#db.get('SELECT record FROM networks WHERE id = ?', id));
  }

  networkByName(name: string): Network | undefined {
    return optional<Network>(this.#db.get('SELECT record FROM networks WHERE name = ?', name));
  }

  /** At most two: enough to know that a prefix is not unique. `prefix` must be of hex digits. */
  networksByPrefix(prefix: string): Network[] {
    const sql = 'SELECT record FROM networks WHERE id >= ? AND id < ? LIMIT 2';
    return this.#db.all(sql, prefix, `${prefix}g`).map(parse<Network>);
  }

  insertNetwork(network: Network): void {
    const sql = 'INSERT INTO networks (id, name, record) VALUES (?, ?, ?)';
    this.#db.run(sql, network.id, network.name, JSON.stringify(network));
  }

  /** `moved`: its addresses are others. */
  updateNetwork(network: Network, moved: boolean): void {
    const restart = moved ? ', next4 = 0, next6 = 0' : '';
    const sql = `UPDATE networks SET record = ?${restart} WHERE id = ?`;
    this.#db.run(sql, JSON.stringify(network), network.id);
  }

  deleteNetwork(id: string): void {
    this.#db.run('DELETE FROM networks WHERE id = ?', id);
  }

  nextOffset(network: string, column: AddressColumn): number {
    const next = column === 'offset4' ? 'next4' : 'next6';
    return Number(this.#db.get(`SELECT ${next} AS next FROM networks WHERE id = ?`, network)?.next);
  }

  setNextOffset(network: string, column: AddressColumn, offset: number): void {
    const next = column === 'offset4' ? 'next4' : 'next6';
    this.#db.run(`UPDATE networks SET ${next} = ? WHERE id = ?`, offset, network);
  }

  addressHolder(network: string, column: AddressColumn, offset: number): string | undefined {
    const sql = `SELECT container FROM endpoints WHERE network = ? AND ${column} = ?`;
    const row = this.#db.get(sql, network, offset);
    return row === undefined ? undefined : String(row.container);
  }

  endpoints(): Endpoint[] {
    return this.#db.all('SELECT record FROM endpoints').map(parse<Endpoint>);
  }

  endpointsIn(network: string): Endpoint[] {
    const sql = 'SELECT record FROM endpoints WHERE network = ? ORDER BY rowid';
    return this.#db.all(sql, network).map(parse<Endpoint>);
  }

  endpointsOf(container: string): Endpoint[] {
    const sql = 'SELECT record FROM endpoints WHERE container = ? ORDER BY position';
    return this.#db.all(sql, container).map(parse<Endpoint>);
  }

  insertEndpoint(endpoint: Endpoint, offsets: { v4: number | null; v6: number | null }): void {
    this.revision += 1;
    const { id, containerId, position, networkId, hostIndex } = endpoint;
    const sql =
      'INSERT INTO endpoints (id, container, position, network, offset4, offset6, host_index, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
    const record = JSON.stringify(endpoint);
    const { v4, v6 } = offsets;
    this.#db.run(sql, id, containerId, position, networkId, v4, v6, hostIndex, record);
    this.#insertPorts(endpoint);
  }

  /** Names and ports may have changed; addresses and places do not. */
  updateEndpoint(endpoint: Endpoint): void {
    this.revision += 1;
    this.#db.run(
      'UPDATE endpoints SET record = ? WHERE id = ?',
      JSON.stringify(endpoint),
      endpoint.id,
    );
    this.#db.run('DELETE FROM published_ports WHERE endpoint = ?', endpoint.id);
    this.#insertPorts(endpoint);
  }

  #insertPorts(endpoint: Endpoint): void {
    const sql =
      'INSERT INTO published_ports (protocol, address, port, endpoint) VALUES (?, ?, ?, ?)';
    for (const { protocol, hostAddress, hostPort } of endpoint.ports) {
      this.#db.run(sql, protocol, hostAddress, hostPort, endpoint.id);
    }
  }

  deleteEndpoint(id: string): void {
    this.revision += 1;
    this.#db.run('DELETE FROM endpoints WHERE id = ?', id);
  }

  /** Host addresses on which a port is published, each with the container. */
  publishers(protocol: Protocol, port: number): { address: string; container: string }[] {
    const sql =
      'SELECT p.address, e.container FROM published_ports p JOIN endpoints e ON e.id = p.endpoint WHERE p.protocol = ? AND p.port = ?';
    return this.#db.all(sql, protocol, port).map((row) => ({
      address: String(row.address),
      container: String(row.container),
    }));
  }
}

/** Bindings as stored, for a look-up by value. */
export type StoredBinding = Pick<PortBinding, 'protocol' | 'hostAddress' | 'hostPort'>;

function parse<T>(row: Row): T {
  return JSON.parse(String(row.record)) as T;
}

function optional<T>(row: Row | undefined): T | undefined {
  return row === undefined ? undefined : parse<T>(row);
}

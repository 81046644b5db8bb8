/** Where a container's lines go beside its log, by its log driver. */

import type { LogAddress } from '../../host/log-channel.ts';
import { chosenAttributes, type Described, expandTag } from '../containers/log-attributes.ts';
import { JOURNAL, journalEncoder } from './journal.ts';
import type { LogLine } from './lines.ts';
import { syslogAddress, syslogEncoder } from './syslog.ts';

export interface Delivery {
  address: LogAddress;
  encode(line: LogLine): Uint8Array;
}

/** Undefined: nowhere else. Throws `invalid` for options that cannot be granted. */
export function deliveryOf(definition: Described): Delivery | undefined {
  const { Type, Config } = definition.hostConfig.LogConfig;
  if (Type !== 'syslog' && Type !== 'journald') return undefined;
  const tag = expandTag(Config.tag ?? '{{.ID}}', definition);
  if (Type === 'journald') {
    const encode = journalEncoder(definition, tag, chosenAttributes(definition));
    return { address: JOURNAL, encode };
  }
  const address = syslogAddress(Config);
  return { address, encode: syslogEncoder(Config, tag, address) };
}

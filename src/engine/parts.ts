/** What every verb of the engine works with. */

import type { Database } from '../host/database.ts';
import type { HostFacts } from '../host/facts.ts';
import type { NetworkRoom } from '../network/index.ts';
import type { Store } from '../store/index.ts';
import type { Background } from './background.ts';
import type { BuildRoom } from './build/room.ts';
import type { ContainerSet } from './containers/set.ts';
import type { ContainerTable } from './containers/table.ts';
import type { EventBus } from './events.ts';
import type { ExecSet } from './execs/set.ts';
import type { ImageRoom } from './images/room.ts';
import type { LauncherKeeper } from './launch/launcher-keeper.ts';
import type { Deliveries } from './logs/deliveries.ts';
import type { NetworkSetup } from './networks/setup.ts';
import type { Paths } from './paths.ts';
import type { EngineSettings } from './settings.ts';
import type { Trash } from './trash.ts';
import type { VolumeSet } from './volumes/set.ts';

export interface Parts {
  readonly paths: Paths;
  readonly settings: EngineSettings;
  /** Path of the shim. */
  readonly shim: string;
  readonly facts: HostFacts;
  readonly database: Database;
  readonly launcher: LauncherKeeper;
  readonly store: Store;
  readonly networks: NetworkRoom;
  readonly networkSetup: NetworkSetup;
  readonly events: EventBus;
  readonly table: ContainerTable;
  readonly containers: ContainerSet;
  readonly execs: ExecSet;
  readonly volumes: VolumeSet;
  readonly images: ImageRoom;
  readonly builds: BuildRoom;
  readonly background: Background;
  readonly deliveries: Deliveries;
  readonly trash: Trash;
}

/** One reading of a container's counters: Docker Engine API 1.51, definition `ContainerStatsResponse`. */

export interface BlkioEntry {
  major: number;
  minor: number;
  /** `read`, `write`, … */
  op: string;
  value: number;
}

/** null: the kernel has no such counter. */
export interface BlkioStats {
  io_service_bytes_recursive: BlkioEntry[] | null;
  io_serviced_recursive: BlkioEntry[] | null;
  io_queue_recursive: BlkioEntry[] | null;
  io_service_time_recursive: BlkioEntry[] | null;
  io_wait_time_recursive: BlkioEntry[] | null;
  io_merged_recursive: BlkioEntry[] | null;
  io_time_recursive: BlkioEntry[] | null;
  sectors_recursive: BlkioEntry[] | null;
}

export interface CpuStats {
  /** Nanoseconds. */
  cpu_usage: {
    total_usage: number;
    percpu_usage?: number[];
    usage_in_kernelmode: number;
    usage_in_usermode: number;
  };
  /** Nanoseconds of all processors of the host together; absent in a `precpu_stats` that has no earlier reading. */
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
}

/** Bytes. Empty for a container that does not run. */
export interface MemoryStats {
  usage?: number;
  max_usage?: number;
  /** memory.stat of the cgroup. */
  stats?: Record<string, number>;
  failcnt?: number;
  limit?: number;
}

export interface NetworkStats {
  rx_bytes: number;
  rx_packets: number;
  rx_errors: number;
  rx_dropped: number;
  tx_bytes: number;
  tx_packets: number;
  tx_errors: number;
  tx_dropped: number;
}

export interface ContainerStats {
  name: string;
  id: string;
  /** RFC 3339 with nanoseconds. */
  read: string;
  /** The engine leaves these two zero; the API fills them from the reading before. */
  preread: string;
  precpu_stats: CpuStats;
  pids_stats: { current?: number; limit?: number };
  blkio_stats: BlkioStats;
  num_procs: number;
  storage_stats: Record<string, never>;
  cpu_stats: CpuStats;
  memory_stats: MemoryStats;
  /** By interface. */
  networks?: Record<string, NetworkStats>;
}

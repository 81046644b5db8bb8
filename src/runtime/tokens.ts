/** The tokens that the launching process and the container's process send each other, in the order of a launch. */
export const TOKENS = {
  /** beside → inside: uid and gid maps are written. */
  mapped: 1,
  /** inside → beside: mounts are in place, hooks of the runtime may run. */
  mounted: 2,
  /** beside → inside: those hooks have run. */
  hooked: 3,
  /** beside → inside: the network interfaces are in the namespace. */
  networked: 4,
  /** inside → beside: the interfaces are up. */
  up: 5,
  /** beside → inside: their other ends pass packets. */
  linked: 6,
} as const;

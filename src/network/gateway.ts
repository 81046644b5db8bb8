/** Which of a container's networks gives its default route, and carries its published ports. */

/** By GwPriority, then by name: the order does not depend on when a network was joined, as with Docker. */
export function chooseGateway<T extends { networkName: string; gatewayPriority?: number }>(
  candidates: readonly T[],
): T | undefined {
  return candidates.toSorted(
    (one, other) =>
      (other.gatewayPriority ?? 0) - (one.gatewayPriority ?? 0) ||
      (one.networkName < other.networkName ? -1 : 1),
  )[0];
}

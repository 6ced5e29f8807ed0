/** What names a point, in a table and in a file; a file may hold anything there. */
interface Named {
  readonly address?: unknown;
  readonly register?: unknown;
}

/** The parts of an address, however a file wrote them. */
export function partsOf(address: unknown): Array<[part: string, value: unknown]> {
  return Object.entries((address ?? {}) as object);
}

/** One text for one point, whatever the order of the parts. */
export function identityOf({ address, register }: Named): string {
  return typeof register === 'string' ? `register ${register}` : JSON.stringify(partsOf(address).sort());
}

/** As a person says it: `loop 1, point 17`. */
export function nameOf({ address, register }: Named): string {
  if (typeof register === 'string') return register;
  return (
    partsOf(address)
      .map(([part, value]) => `${part} ${value}`)
      .join(', ') || 'the device as a whole 整机'
  );
}

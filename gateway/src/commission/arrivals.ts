/** What comes from a wire within a time: a chunk, nothing, or the end of the wire. Throws the wire's Failure. */
export type Arrival = { readonly item: Uint8Array } | 'silence' | 'end';

/** Takes the next arrival, waiting no longer than so many milliseconds. */
export type Take = (withinMs: number) => Promise<Arrival>;

/** A name in the two languages people read here. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}
